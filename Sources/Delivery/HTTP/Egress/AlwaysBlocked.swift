/// The addresses that no configuration makes a destination: those that reach the machine's own
/// credentials (metadata services of clouds) and those that are no single machine.
///
/// Whole ranges stand here wherever nothing else lives in them, since a service that has one address
/// today has a second one tomorrow (the credentials of containers, `fd00:ec2::23`, came years after
/// `fd00:ec2::254`).
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
    ranges.first { $0.range.contains(address) }?.kind
  }

  private static let ranges: [(range: AddressRange, kind: String)] = [
    // Metadata services of nearly all clouds (169.254.169.254; Scaleway's 169.254.42.42), Amazon's
    // credentials of containers (169.254.170.2, 169.254.170.23).
    ("169.254.0.0/16", "link-local (169.254.0.0/16)"),
    // Also Hetzner's and OpenStack's fe80::a9fe:a9fe, Azure's fe80::1234:5678:9abc.
    ("fe80::/10", "link-local (fe80::/10)"),
    // A public address: its neighbours are other people's.
    ("168.63.129.16/32", metadata("Azure")),
    // 100.100.100.200; no node of a network that shares 100.64.0.0/10 has an address beside it.
    ("100.100.100.0/24", metadata("Alibaba")),
    // Name servers, 100.100.2.136 and .138.
    ("100.100.2.136/30", metadata("Alibaba")),
    ("fd00:100::/48", metadata("Alibaba")),
    ("192.0.0.0/24", metadata("Oracle")),
    ("fd00:c1::/48", metadata("Oracle")),
    ("fd00:ec2::/32", metadata("Amazon")),
    // Networks of Google's customers have other /48 of the same /20.
    ("fd20:ce::/48", metadata("Google")),
    ("fd00:42::/48", metadata("Scaleway")),
    ("fd00:a9fe:a9fe::/48", metadata("Akamai")),
    ("0.0.0.0/8", "no address of a host (0.0.0.0/8)"),
    ("::/128", "no address of a host (::)"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("255.255.255.255/32", "the broadcast address"),
  ].map { text, kind in
    do throws(AddressRange.Malformed) {
      return (try AddressRange(text), kind)
    } catch {
      preconditionFailure("\(text): \(error.reason)")
    }
  }

  private static func metadata(_ cloud: String) -> String { "a metadata service (\(cloud))" }
}
