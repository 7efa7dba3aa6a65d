import NIOSSL

/// A certificate authority and a certificate of it for `b.test` and `127.0.0.1`, made for these
/// tests and good for a hundred years.
enum TestCertificates {
  static func authority() throws -> [NIOSSLCertificate] {
    try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8))
  }

  /// `asksForCertificate`: of the client, too.
  static func server(asksForCertificate: Bool = false) throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    if asksForCertificate {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(try authority())
    }
    return try NIOSSLContext(configuration: configuration)
  }

  private static let authorityPEM = """
    -----BEGIN CERTIFICATE-----
    MIIBZDCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5UZXN0IGF1
    dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
    A1UEAwwOVGVzdCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQU
    JmGmPl8hFXqZmlb5e74oremIMiFp3gGvNCXkPLM/+FrsRn2+AITz3sJ9Zd66G+lL
    DREYZaDRaz4u97cX3q2Zo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE
    AwICBDAdBgNVHQ4EFgQUkUEY9lDQjzwkdwAChp2Ey6EvbQEwCgYIKoZIzj0EAwID
    RwAwRAIgcCyeAvKrMrDceJBsnhmyokRudsqz7ppdtId4jWKSdAsCIGAp8rX7Owq8
    Fi5PZk0ElcFMd/FjMds8dsPQmUWBf1xT
    -----END CERTIFICATE-----
    """

  private static let certificatePEM = """
    -----BEGIN CERTIFICATE-----
    MIIBizCCATGgAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5UZXN0IGF1
    dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowETEPMA0G
    A1UEAwwGYi50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGqEJkav/6tVy
    Js9+sCZZipinYaGkYPUYsoOQXnVgyKevOyRGIrReJ1JfGNkajgPbAnCbBdMNUTf9
    mm7/PM9dqaNwMG4wFwYDVR0RBBAwDoIGYi50ZXN0hwR/AAABMBMGA1UdJQQMMAoG
    CCsGAQUFBwMBMB0GA1UdDgQWBBQSS6b94qBaEVKAC7wahylLJDJL4TAfBgNVHSME
    GDAWgBSRQRj2UNCPPCR3AAKGnYTLoS9tATAKBggqhkjOPQQDAgNIADBFAiEA4Y16
    xfwU4zuIDjm2YM9AfJEN5xbMmoDnF7xvLAKEEt0CIGiiKEQpqqSTS+vxU6+ubBNY
    W2Rvoy6BSgIRwJlc/wJ+
    -----END CERTIFICATE-----
    """

  private static let keyPEM = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNbetKn5sbsqWyZuT
    pEHHSukGPFDFGBptdHBXadRvLj6hRANCAAQaoQmRq//q1XImz36wJlmKmKdhoaRg
    9Riyg5BedWDIp687JEYitF4nUl8Y2RqOA9sCcJsF0w1RN/2abv88z12p
    -----END PRIVATE KEY-----
    """
}
