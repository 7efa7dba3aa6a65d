import Glibc

/// The addresses that begin with the same bits: `10.0.0.0/8`, `fd00:ec2::/32`.
package struct AddressRange: Sendable, Hashable {
  /// Why a text is no range, for a person.
  package struct Malformed: Error, Equatable {
    package var reason: String
  }

  private let first: IPAddress
  /// Bits that all of them share.
  private let bits: Int

  /// `ADDRESS/BITS`; an address alone is a range of one. An IPv4 address has four decimal numbers.
  package init(_ text: String) throws(Malformed) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = Self.address(String(parts[0])) else {
      throw Malformed(reason: "expected a range such as 10.0.0.0/8 or fd00::/8")
    }
    var bits = address.bitWidth
    if parts.count == 2 {
      let digits = parts[1]
      guard (1...3).contains(digits.utf8.count),
        digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(digits), number <= bits
      else { throw Malformed(reason: "the number of bits must be between 0 and \(bits)") }
      bits = number
    }
    guard address.masked(bits) == address else {
      throw Malformed(
        reason: "the address has bits beyond its first \(bits); "
          + "\(address.masked(bits))/\(bits) is meant perhaps")
    }
    (first, self.bits) = (address, bits)
  }

  package func contains(_ address: IPAddress) -> Bool {
    address.bitWidth == first.bitWidth && address.masked(bits) == first
  }

  private static func address(_ text: String) -> IPAddress? {
    guard !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return .v4(UInt32(bigEndian: v4.s_addr)) }
    var v6 = in6_addr()
    return inet_pton(AF_INET6, text, &v6) == 1 ? IPAddress(in6: v6) : nil
  }
}

extension AddressRange: CustomStringConvertible {
  package var description: String { "\(first)/\(bits)" }
}

extension IPAddress {
  fileprivate var bitWidth: Int {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }

  /// With all bits after the first `bits` cleared.
  fileprivate func masked(_ bits: Int) -> IPAddress {
    switch self {
    // Shifts beyond a number's width give 0.
    case .v4(let value): .v4(value & (UInt32.max << UInt32(32 - bits)))
    case .v6(let upper, let lower):
      .v6(
        upper & (UInt64.max << UInt64(max(0, 64 - bits))),
        lower & (UInt64.max << UInt64(min(64, 128 - bits))))
    }
  }
}
