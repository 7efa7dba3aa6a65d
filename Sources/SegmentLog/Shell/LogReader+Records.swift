/// A message as it stands in the log, for delivering it.
package struct StoredRecord: Sendable, Equatable {
  package var uuid: [UInt8]
  package var start: RecordStart
  package var maxAgeMs: UInt64?
  package var maxAttempts: UInt32?
  package var payload: [UInt8]

  package init(
    uuid: [UInt8], start: RecordStart, maxAgeMs: UInt64?, maxAttempts: UInt32?, payload: [UInt8]
  ) {
    self.uuid = uuid
    self.start = start
    self.maxAgeMs = maxAgeMs
    self.maxAttempts = maxAttempts
    self.payload = payload
  }
}

extension LogReader {
  /// Ascending by sequence, so that a frame and its blocks are read once for neighbours; nil where a
  /// message has ended or can't be read any more.
  package func records(at locations: [Location?]) -> [StoredRecord?] {
    var records: [StoredRecord?] = []
    records.reserveCapacity(locations.count)
    while records.count < locations.count {
      guard let location = locations[records.count], let frame = frame(holding: location) else {
        records.append(nil)
        continue
      }
      let inFrame = locations[records.count...].prefix { other in
        other.map { $0.file == location.file && frame.directory.message($0.sequence) != nil }
          ?? false
      }
      for (place, payload) in zip(inFrame, payloads(at: Array(inFrame))) {
        records.append(record(place, payload, frame.directory))
      }
    }
    return records
  }

  private func record(
    _ location: Location?, _ payload: [UInt8]?, _ directory: FrameDirectory
  ) -> StoredRecord? {
    guard let location, let payload, let message = directory.message(location.sequence) else {
      return nil
    }
    return StoredRecord(
      uuid: directory.uuid(of: message), start: message.start, maxAgeMs: message.maxAgeMs,
      maxAttempts: message.maxAttempts, payload: payload)
  }
}
