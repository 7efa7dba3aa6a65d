/// The addresses that no configuration makes a destination: those that reach the machine's own
/// credentials (metadata services live on link-local addresses and a few fixed ones) and those that
/// are no single machine.
package enum AlwaysBlocked {
  /// Why `address` is blocked, in any of its spellings; nil when it isn't.
  package static func reason(_ address: IPAddress) -> String? {
    if let kind = kind(address) { return "\(address) is \(kind)" }
    if let inner = address.embeddedV4, let kind = kind(inner) {
      return "\(address) stands for \(inner), which is \(kind)"
    }
    return nil
  }

  private static func kind(_ address: IPAddress) -> String? {
    switch address {
    case .v4(let value): kind(v4: value)
    case .v6(let upper, let lower): kind(upper, lower)
    }
  }

  private static func kind(v4 value: UInt32) -> String? {
    switch value {
    case 0x6464_64c8, 0xa83f_8110: "a metadata service"  // 100.100.100.200, 168.63.129.16
    case 0xffff_ffff: "the broadcast address"
    case _ where value >> 24 == 0: "no address of a host (0.0.0.0/8)"
    case _ where value >> 16 == 0xa9fe: "link-local (169.254.0.0/16)"
    case _ where value >> 28 == 0xe: "a multicast address"
    default: nil
    }
  }

  private static func kind(_ upper: UInt64, _ lower: UInt64) -> String? {
    switch (upper, lower) {
    case (0, 0): "no address of a host (::)"
    case (0xfd00_0ec2_0000_0000, 0x254): "a metadata service"
    case _ where upper >> 54 == 0x3fa: "link-local (fe80::/10)"
    case _ where upper >> 56 == 0xff: "a multicast address"
    default: nil
    }
  }
}
