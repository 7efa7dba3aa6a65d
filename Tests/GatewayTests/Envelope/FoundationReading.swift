import Delivery
import Foundation

@testable import Gateway

/// An envelope as Foundation reads it.
enum FoundationReading: CaseIterable {
  case serialization, decoder

  struct Unreadable: Error {}

  /// That are known, and so written in capitals.
  private static let methods: Set<String> = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "COPY", "MOVE", "LOCK",
    "UNLOCK", "LINK", "UNLINK", "MKCOL", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH",
  ]

  static func accepts(_ bytes: [UInt8]) -> Bool {
    allCases.allSatisfy { (try? $0.value(bytes)) != nil }
  }

  /// Readers whose answer counts. `JSONSerialization` drops U+FEFF where it follows an escape inside
  /// of a string, and so does not read what was written; `JSONDecoder` and ours keep it.
  static func trusted(with bytes: [UInt8]) -> [FoundationReading] {
    bytes.firstRange(of: byteOrderMark) == nil ? [.serialization, .decoder] : [.decoder]
  }

  /// Where Foundation is laxer than RFC 8259: it passes over a byte order mark and takes a comma
  /// before a closing bracket. The answer is `bytes` without them.
  static func withoutLaxities(_ bytes: [UInt8]) -> [UInt8] {
    let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
    return Array(
      String(decoding: text, as: UTF8.self).replacing(/,([ \t\r\n]*[}\]])/) { $0.1 }.utf8)
  }

  /// Where Foundation is stricter: numbers that a Double can't hold. An envelope can't either, so
  /// that ours refuses them as out of range.
  static func hasWildNumber(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).contains(/[0-9][eE][+-]?[0-9]{3}/)
  }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// UUID and origin, which are not in it, are taken from `ours`.
  func message(_ bytes: [UInt8], like ours: Message) throws -> Message {
    guard case .object(let members) = try value(bytes) else { throw Unreadable() }
    let fields = Fields(members)
    var message = ours
    if let uuid = try fields["uuid"]?.string() { message.uuid = uuid }
    message.url = try fields["url"]?.string() ?? ""
    let method = try fields["method"]?.string() ?? "POST"
    message.method = Self.methods.contains(method.uppercased()) ? method.uppercased() : method
    message.body = try Array((fields["body"]?.string() ?? "").utf8)
    if let text = try fields["bodybase64"]?.string() {
      guard let data = Data(base64Encoded: text) else { throw Unreadable() }
      message.body = Array(data)
    }
    message.timeoutMs = UInt32(try fields["timeout"]?.integer() ?? 0)
    message.start = .atOnce
    if let delay = try fields["delay"]?.integer(), delay > 0 {
      message.start = .delay(milliseconds: delay)
    }
    message.limits = try limits(fields["retry"])
    message.headers = try headers(fields["header"])
    // An object's members have no order in Foundation.
    guard sorted(message.headers) == sorted(ours.headers) else { throw Unreadable() }
    message.headers = ours.headers
    return message
  }

  private func headers(_ value: JSONValue?) throws -> [HeaderField] {
    guard let value else { return [] }
    guard case .object(let members) = value else { throw Unreadable() }
    return try members.flatMap { (name, value) -> [HeaderField] in
      switch value {
      case .null: return []
      case .array(let values):
        return try values.map { HeaderField(name: name, value: try $0.string()) }
      default: return [HeaderField(name: name, value: try value.string())]
      }
    }
  }

  private func limits(_ value: JSONValue?) throws -> RetryLimits {
    guard let value else { return RetryLimits() }
    guard case .object(let members) = value else { throw Unreadable() }
    let fields = Fields(members)
    var limits = RetryLimits()
    limits.maxAttempts = try fields["maxattempts"].map { UInt32(try $0.integer()) }
    limits.maxAgeMs = try fields["maxage"]?.integer()
    if let schedule = fields["schedule"] {
      guard case .array(let waits) = schedule else { throw Unreadable() }
      limits.scheduleMs = try waits.map { UInt32(try $0.integer()) }
    }
    return limits
  }

  private func sorted(_ headers: [HeaderField]) -> [[String]] {
    // Values of one name keep their order.
    Dictionary(grouping: headers, by: \.name).sorted { $0.key < $1.key }
      .map { [$0.key] + $0.value.map(\.value) }
  }

  private func value(_ bytes: [UInt8]) throws -> JSONValue {
    switch self {
    case .serialization:
      let options: JSONSerialization.ReadingOptions = [.fragmentsAllowed]
      return try JSONValue(
        JSONSerialization.jsonObject(with: Data(bytes), options: options))
    case .decoder:
      return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }
  }

  /// By name in lower case, without those that are null.
  private struct Fields {
    private var values: [String: JSONValue] = [:]

    init(_ members: [String: JSONValue]) {
      for (name, value) in members where value != .null { values[name.lowercased()] = value }
    }

    subscript(_ name: String) -> JSONValue? { values[name] }
  }
}

/// JSON as a tree.
enum JSONValue: Decodable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let bool = try? container.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let string = try? container.decode(String.self) {
      self = .string(string)
    } else if let array = try? container.decode([JSONValue].self) {
      self = .array(array)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  init(_ any: Any) throws {
    switch any {
    case is NSNull: self = .null
    case let string as String: self = .string(string)
    case let array as [Any]: self = .array(try array.map { try JSONValue($0) })
    case let object as [String: Any]: self = .object(try object.mapValues { try JSONValue($0) })
    case let number as NSNumber: self = .number(number.doubleValue)
    default: throw FoundationReading.Unreadable()
    }
  }

  func string() throws -> String {
    guard case .string(let string) = self else { throw FoundationReading.Unreadable() }
    return string
  }

  /// Every number that an envelope can hold is exact in a Double.
  func integer() throws -> UInt64 {
    guard case .number(let number) = self, let integer = UInt64(exactly: number) else {
      throw FoundationReading.Unreadable()
    }
    return integer
  }
}
