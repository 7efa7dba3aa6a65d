import Glibc
import NIOSSL

/// The certificate authorities that this machine trusts, read once per process.
///
/// Left to itself each TLS context parses the bundle anew: measured at 1 MB and 17 ms of CPU per
/// https destination, against less than 0.1 MB and 6 ms with the parsed certificates shared.
package enum SystemAuthorities {
  /// Where NIOSSL looks too.
  private static let bundles = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
  ]
  /// Files of a directory that are read.
  private static let filesMax = 4096

  package struct Reading: Sendable {
    package var roots: NIOSSLTrustRoots
    /// Why https destinations will not be believed, or not those that were meant; for a person.
    package var problem: String?
  }

  /// Read at first use.
  package static let ofProcess = read {
    getenv($0).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// As OpenSSL's: `SSL_CERT_FILE` names a bundle that is read instead of the system's, `SSL_CERT_DIR`
  /// directories (with colons between) whose files are read besides. What is named and can't be read
  /// is not replaced by anything else: somebody meant to trust just that.
  static func read(variable: (String) -> String?) -> Reading {
    var problem: String?
    var certificates: [NIOSSLCertificate] = []
    if let file = variable("SSL_CERT_FILE") {
      certificates = certificatesOf(file)
      if certificates.isEmpty { problem = "SSL_CERT_FILE: \(file) holds no certificate" }
    } else if let bundle = bundles.lazy.map(certificatesOf).first(where: { !$0.isEmpty }) {
      certificates = bundle
    } else if variable("SSL_CERT_DIR") == nil {
      // NIOSSL's own search.
      return Reading(roots: .default)
    }
    for directory in variable("SSL_CERT_DIR")?.split(separator: ":").map(String.init) ?? [] {
      let found = files(in: directory).flatMap(certificatesOf)
      if found.isEmpty { problem = "SSL_CERT_DIR: \(directory) holds no certificate" }
      certificates += found
    }
    return Reading(roots: .certificates(certificates), problem: problem)
  }

  /// Of a bundle in PEM.
  private static func certificatesOf(_ path: String) -> [NIOSSLCertificate] {
    (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
  }

  private static func files(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var paths: [String] = []
    while paths.count < filesMax, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { paths.append(directory + "/" + name) }
    }
    return paths.sorted()
  }
}
