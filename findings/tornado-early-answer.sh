#!/usr/bin/env bash
# Tornado 6.4.2: a handler that answers before the body was read promises to keep the connection, and
# closes it.
#
# A handler with @stream_request_body that finishes in prepare() (it needs no more than the head: the
# token is wrong, the message is known already) is answered at once, without "Connection: close". The
# next request on the same connection gets no byte of an answer: the connection is closed, also when
# the body of the first had come whole long before. A client that reads the answer's head keeps the
# connection, and takes the close for a failure of the second request, which no handler ever saw.
#
# So a close without a byte on a kept connection says nothing of the request that was on its way: it
# has to be repeated once on a fresh one before it counts as a failed attempt.
#
# Output seen:
#   first: HTTP/1.1 200 OK, announces a close: no
#   second on the same connection: closed, handlers called: 1
#   third on a fresh connection: HTTP/1.1 200 OK, handlers called: 2
#
# Exit codes: 0 as above; 1 it changed; 77 it can't run here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" 2>/dev/null || exit 77
"$folder/venv/bin/pip" -q install tornado==6.4.2 2>/dev/null || exit 77
cat >"$folder/try.py" <<'PY'
import asyncio

import tornado.httpserver
import tornado.netutil
import tornado.web

called = 0


@tornado.web.stream_request_body
class Handler(tornado.web.RequestHandler):
    def prepare(self):
        global called
        called += 1
        self.finish()

    def data_received(self, chunk):
        pass

    def post(self):
        pass


async def post(reader, writer):
    body = b'{"a":1}'
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    try:
        writer.write(head + body)
        await writer.drain()
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return "closed"


async def main():
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(tornado.web.Application([("/", Handler)])).add_sockets(sockets)
    port = sockets[0].getsockname()[1]
    connection = await asyncio.open_connection("127.0.0.1", port)
    first = await post(*connection)
    closes = "yes" if "connection: close" in first.lower() else "no"
    print(f"first: {first.splitlines()[0]}, announces a close: {closes}")
    await asyncio.sleep(0.5)
    second = await post(*connection)
    print(f"second on the same connection: {second.splitlines()[0]}, handlers called: {called}")
    third = await post(*await asyncio.open_connection("127.0.0.1", port))
    print(f"third on a fresh connection: {third.splitlines()[0]}, handlers called: {called}")


asyncio.run(asyncio.wait_for(main(), 30))
PY
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null | tee "$folder/seen"
sed -n 's/^#   \(\(first\|second\|third\).*\)$/\1/p' "$0" | diff - "$folder/seen"
