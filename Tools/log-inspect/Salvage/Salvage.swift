import Delivery
import SegmentLog
import Synchronization

/// Writes every message whose bytes can still be read, in order, as envelopes.
struct Salvage {
  let chain: LogChain
  let disk: any Disk
  let filter: MessageFilter

  struct Result: Sendable {
    var written: UInt64 = 0
    var unreadable: [Unreadable] = []
    var furtherUnreadable: UInt64 = 0
    var failures: [DiskError] = []
  }

  /// A message whose frame says that it was there.
  struct Unreadable: Sendable {
    var sequence: SegmentLog.Sequence
    var uuid: String
    var reason: String
  }

  /// False from `write` ends it.
  func run(progress: @escaping PassProgress, write: ([UInt8]) -> Bool) -> Result {
    let tally = Tally()
    var failures: [DiskError] = []
    var goesOn = true
    var from: SegmentLog.Sequence = 1
    while goesOn && from < .max {
      // What became of a message stands behind it, so only who asks for that pays for a pass.
      let states =
        filter.states.isEmpty ? nil : LogWindows(chain, on: disk).window(from: from)
      let upper = states?.upper ?? .max
      let filter = filter
      failures += OrderedMessages(chain, on: disk, includesBodies: true).run(
        in: from..<upper, progress: progress,
        { batch, out in
          batch.forEachFrame { frame in
            let wanted = frame.messages.filter { message in
              filter.admits(message, frame)
                && (states.map { filter.admits($0[message.sequence].state) } ?? true)
            }
            Self.append(wanted, of: frame, to: &out, tally)
          }
        },
        write: { bytes in
          goesOn = write(bytes)
          return goesOn
        })
      from = upper
    }
    var result = tally.result
    result.failures = failures
    return result
  }

  private static func append(
    _ messages: [DirectoryMessage], of frame: BatchFrame, to out: inout [UInt8], _ tally: Tally
  ) {
    var block: (index: Int, raw: Swift.Result<[UInt8], FrameError>)?
    var written: UInt64 = 0
    for message in messages {
      let index = Int(message.block)
      if message.payloadLength > 0 && block?.index != index {
        block = (index, Swift.Result { () throws(FrameError) in try frame.block(index) })
      }
      let uuid = frame.directory.uuid(of: message)
      do {
        let raw = message.payloadLength > 0 ? try block?.raw.get() ?? [] : []
        let start = Int(message.offsetInBlock)
        let range = start..<start + Int(message.payloadLength)
        try raw.withUnsafeBytes { raw in
          try EnvelopeFormatter.append(
            message, uuid: uuid, payload: UnsafeRawBufferPointer(rebasing: raw[range]), to: &out)
        }
        written += 1
      } catch {
        tally.add(
          Unreadable(
            sequence: message.sequence, uuid: String(decoding: uuid, as: UTF8.self),
            reason: "\(frame.segment.name) at \(frame.offset): \(error)"))
      }
    }
    tally.add(written: written)
  }

  /// What the threads counted. A `Mutex`: held for a moment per frame.
  private final class Tally: Sendable {
    private static let unreadableMax = 1000
    private let counted = Mutex(Result())

    var result: Result { counted.withLock { $0 } }
    func add(written: UInt64) { counted.withLock { $0.written += written } }

    func add(_ unreadable: Unreadable) {
      counted.withLock { result in
        if result.unreadable.count < Self.unreadableMax {
          result.unreadable.append(unreadable)
        } else {
          result.furtherUnreadable += 1
        }
      }
    }
  }
}
