#!/usr/bin/env bash
# urllib3 2.3.0: a POST that is answered 503 with Retry-After is not sent again, though retries are
# asked for; a GET is. And "send it again" is decided by three statuses, of which 507 is none.
#
# Retry(total=3) alone repeats 413, 429 and 503 when they carry Retry-After, without any status in
# status_forcelist, but only for the methods of allowed_methods, and POST is not among these. The
# caller gets the 503 back as if nobody had asked for retries. With allowed_methods=None a POST is
# sent again after 503, and still given up after 507 with the same Retry-After.
#
# Who hands messages over by POST has to set allowed_methods=None, and a server that wants callers to
# come back says 503, not 507.
#
# Output seen:
#   GET 503: 2 calls, 202
#   POST 503: 1 call, 503
#   POST 503, allowed_methods=None: 2 calls, 202
#   POST 507, allowed_methods=None: 1 call, 507
#
# Exit codes: 0 as above; 1 it changed; 77 it can't run here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" 2>/dev/null || exit 77
"$folder/venv/bin/pip" -q install urllib3==2.3.0 2>/dev/null || exit 77
cat >"$folder/try.py" <<'PY'
import http.server
import threading

import urllib3

calls = []


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        calls.append(self.path)
        again = len(calls) == 1
        self.send_response(int(self.path[1:]) if again else 202)
        if again:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()


def call(method, status, **options):
    calls.clear()
    pool = urllib3.PoolManager(retries=urllib3.Retry(total=3, **options))
    url = f"http://127.0.0.1:{server.server_port}/{status}"
    try:
        answer = pool.request(method, url, body=b"{}" if method == "POST" else None)
        result = answer.status
    except urllib3.exceptions.MaxRetryError:
        result = "given up"
    what = "call" if len(calls) == 1 else "calls"
    options = ", allowed_methods=None" if options else ""
    print(f"{method} {status}{options}: {len(calls)} {what}, {result}")


call("GET", 503)
call("POST", 503)
call("POST", 503, allowed_methods=None)
call("POST", 507, allowed_methods=None)
PY
timeout 60 "$folder/venv/bin/python" "$folder/try.py" | tee "$folder/seen"
sed -n 's/^#   \(.*call.*\)$/\1/p' "$0" | diff - "$folder/seen"
