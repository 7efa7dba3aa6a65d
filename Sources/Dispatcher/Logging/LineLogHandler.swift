import Logging

/// Our own back end of swift-log: one line an event on standard error, as text or as JSON.
struct LineLogHandler: LogHandler {
  let format: LogFormat
  let writer: LineWriter
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(format: LogFormat, level: Logger.Level, writer: LineWriter) {
    self.format = format
    self.logLevel = level
    self.writer = writer
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
    if let given = event.metadata { fields.merge(given) { _, new in new } }
    if let error = event.error { fields["error"] = "\(error)" }
    writer.write(
      LogLine.bytes(
        format, timeMs: UTCTime.nowMs(), level: event.level, message: event.message.description,
        metadata: fields))
  }
}
