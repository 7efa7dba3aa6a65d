import NIOSSL
import Testing

/// Certificates for `b.test` and `127.0.0.1`, some of them too weak, made for these tests and good for
/// a hundred years, and the authorities that signed them.
enum StrengthCertificates {
  struct Certificate: Sendable, CustomTestStringConvertible {
    let testDescription: String
    fileprivate let certificate: String
    fileprivate let key: String

    func server(tls: TLSVersion? = nil) throws -> NIOSSLContext {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
      let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.maximumTLSVersion = tls
      configuration.curves = [.x25519, .secp256r1, .secp521r1]
      return try NIOSSLContext(configuration: configuration)
    }

    var der: [UInt8] {
      get throws { try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))[0].toDERBytes() }
    }
  }

  static let rsa1024 = Certificate(
    testDescription: "RSA 1024", certificate: rsa1024PEM, key: rsa1024Key)
  static let ecdsaSHA1 = Certificate(
    testDescription: "ECDSA with SHA-1", certificate: ecsha1PEM, key: p256Key)
  static let rsaSHA1 = Certificate(
    testDescription: "RSA with SHA-1", certificate: rsasha1PEM, key: p256Key)
  static let ed25519 = Certificate(
    testDescription: "Ed25519", certificate: ed25519PEM, key: ed25519Key)
  static let p521 = Certificate(testDescription: "P-521", certificate: p521PEM, key: p521Key)

  static func authorities() throws -> [NIOSSLCertificate] {
    try NIOSSLCertificate.fromPEMBytes(Array(authoritiesPEM.utf8))
  }

  static var authoritiesText: String { authoritiesPEM }

  private static let authoritiesPEM = """
    -----BEGIN CERTIFICATE-----
    MIIBfzCCASagAwIBAgIUKPPoiuk1qZBhMkonrF9TJeEJtxIwCgYIKoZIzj0EAwIw
    HTEbMBkGA1UEAwwSU3RyZW5ndGggYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoY
    DzIxMjAwMTAxMDAwMDAwWjAdMRswGQYDVQQDDBJTdHJlbmd0aCBhdXRob3JpdHkw
    WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQX9rERVfjce3Cg4s+IBulyxhLJn0cV
    +Gz7RsD37apzvtp4rjU0cnQ8mVmoeGe8LZYKqYgza4xGmuMhHxeVOUhPo0IwQDAP
    BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUSDNdWJQz
    yv5Wbc1jstpQ0bO6s2IwCgYIKoZIzj0EAwIDRwAwRAIgZJef3QdlLXPRNCvojqsP
    XtsWhKe4StF78UfgtGGBWyUCIBeDlFVO9S/mt+8uUuKMJQ6HMsTu72F1r8XWtXWA
    IqGh
    -----END CERTIFICATE-----
    -----BEGIN CERTIFICATE-----
    MIIDFDCCAfygAwIBAgIUBagCONMurrHbZsrFgtReZefKfb0wDQYJKoZIhvcNAQEL
    BQAwITEfMB0GA1UEAwwWU3RyZW5ndGggUlNBIGF1dGhvcml0eTAgFw0yMDAxMDEw
    MDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowITEfMB0GA1UEAwwWU3RyZW5ndGggUlNB
    IGF1dGhvcml0eTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMC3HZst
    P2+/gsLu/ygBfh8gCPv+zVL1dE1R0E7Eq8MFvFvMu2sif/ki9npkwGOKH8Ifyost
    glnSv60virQIPl8F7O6rMmz9gVPuIzn5g2JxMf3XelvBCxitTC+oM9/xSNjZ3g9b
    j5449a+iRLXZqwpHV5X+w4PHJFNkEtEeBwtbUHv3Y+29Ip5s5ufg0zcd59rSJ5a1
    FR5rEPSzaikWXiM0KnKdakMCZl5BpBGYbYI8hCvM0TzQth+6lLdMkYrnfNX+5AZd
    VscfGVATPetcqhD7cKFc4S0K0OOPF/bu6/1RfvfcNySUTJxLxkRxNeNcZUqrwftA
    2px0MzEpwfNgIb0CAwEAAaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8E
    BAMCAgQwHQYDVR0OBBYEFEmWEUfMsHL/sEo4dZWeBVyX2QeWMA0GCSqGSIb3DQEB
    CwUAA4IBAQBGIxEPrzBgHRkTxSzPRNN2w3WhBobao7GDMpmwy8kTw/qCsbQGUddT
    7c/cxjR5tyv29y9J45QYbGXHgbFAcj8aeSh0IrnH1Q5clHmMrgHmsAFLDpmx3+oZ
    dG3I/5kNn/eC3SrvVeJCSsURp6AY3q6h2knNH/taYGYEPq9hEk9O3iZR9hq6lwDB
    sQ5kWHZeg6RfvoDrbkdZk1ieJxvF41tsakkN2HPojvB2W3UC0JprrlUepls0ymiw
    rJeTxpGY8WHcUICU04UIY3WFvOxcD7e+WtGfZNscPgumxYABEmEONb7gzoyuN4fT
    +QTauH7iqwRNl2q+6Gc7pHWZqwJzeaBH
    -----END CERTIFICATE-----
    """

  private static let rsa1024PEM = """
    -----BEGIN CERTIFICATE-----
    MIIB6DCCAY+gAwIBAgIUMRc3+2v33pgwjmUXSG4KOx2I/8swCgYIKoZIzj0EAwIw
    HTEbMBkGA1UEAwwSU3RyZW5ndGggYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoY
    DzIxMjAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZiLnRlc3QwgZ8wDQYJKoZIhvcN
    AQEBBQADgY0AMIGJAoGBAMY1IIJb0D18ZbhMI0ITtegadCpJq2GHfxX7ihG8Mb0l
    ABFjkCRlztjYVR24Bch6fwc1Lfp2WreNPLRGk13Ycs/4PdEFLmhoCEyV/QowNYxF
    5zLwsUmoGYzNskph3WtdQw5rUJ9uHG7hTBslo9+QpN8zjRoOXDfc0j9zQXYSMhQZ
    AgMBAAGjcDBuMBcGA1UdEQQQMA6CBmIudGVzdIcEfwAAATATBgNVHSUEDDAKBggr
    BgEFBQcDATAdBgNVHQ4EFgQUWJlCcb8Ng+G1e66IgDRq2ElsX2gwHwYDVR0jBBgw
    FoAUSDNdWJQzyv5Wbc1jstpQ0bO6s2IwCgYIKoZIzj0EAwIDRwAwRAIgYRKK98AD
    2EmxBgSGEEWFMVNXojwx3AW/o0TtrBocEeACIGy5LwhgtSletD4LouoEQvHoE35X
    IAPh7V35C54d2mCm
    -----END CERTIFICATE-----
    """

  private static let rsa1024Key = """
    -----BEGIN PRIVATE KEY-----
    MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMY1IIJb0D18ZbhM
    I0ITtegadCpJq2GHfxX7ihG8Mb0lABFjkCRlztjYVR24Bch6fwc1Lfp2WreNPLRG
    k13Ycs/4PdEFLmhoCEyV/QowNYxF5zLwsUmoGYzNskph3WtdQw5rUJ9uHG7hTBsl
    o9+QpN8zjRoOXDfc0j9zQXYSMhQZAgMBAAECgYAnP0PVrDp6wlQd/y2IGwENGZfg
    +79sy3i1sJ4xTtOGgXoW92EGZAZmV8fa36J9hQv8MGKPUro52ESp6cOqdH6fKGMP
    l1YmpWOyKtdC/rZHyiV3FaUKcssJOhDsJ+CNTbbtNHTtg+0bvhQQgQvS85NsCXdm
    1hz1m+qwdkF5rp6oJQJBAOmhadDL/SbzLWrkjJc1q1xoK4SkIK7UFtbDjP2tZJJf
    iYet4i03XioCtl58B3lgTZLEG1KAZzbms8R47yUZWxMCQQDZL3NAB1GtVrQoSTNJ
    KHeem1AxjskkZ7oAcCpoajzrMoc1no7CZEDOpcPDJQDg/a1JrkxUnEd3sYAu0GtO
    Ym2jAkBuQ8tgS1aAkpcl8xZTq3XkGBop8Rinytu4ovShKbvkxYhwa+Xqt04O/9a4
    w0r3wzb5hOrsRkPwinPfz7/2v3/XAkEAq+Frmm6wazhFF+Tmm61VDcbo7m+MLC2S
    /KnIRh5d291/OCYl4R4qU+DITvZH/ceFjtxMOGH+BXIKegIkCkLHdQJARU1cqpRo
    h0I2Q5F3v+KcTVIkrLfgFXZn9ZnYeo2nlzSmJp+VSV3yZ6wpKrsV5zZ42J+odohb
    jmbaVdDPgbkXQg==
    -----END PRIVATE KEY-----
    """

  private static let ecsha1PEM = """
    -----BEGIN CERTIFICATE-----
    MIIBnzCCAUagAwIBAgITUW9JokZkZyl3VRMGgH9YxSlwIzAJBgcqhkjOPQQBMB0x
    GzAZBgNVBAMMElN0cmVuZ3RoIGF1dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8y
    MTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGYi50ZXN0MFkwEwYHKoZIzj0CAQYI
    KoZIzj0DAQcDQgAEQkxeoMRu+P+upJ/VnMa5XuKwaBkFSqWHWVo98Ckhwp0jhh8B
    vQTCyzUzA4J8ugKIAjqzIiDyv0AVNLfHjtmnv6NwMG4wFwYDVR0RBBAwDoIGYi50
    ZXN0hwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBQzO7/JoRLV
    /Ue81+irz4JkhJNaITAfBgNVHSMEGDAWgBRIM11YlDPK/lZtzWOy2lDRs7qzYjAJ
    BgcqhkjOPQQBA0gAMEUCICWAx3H5hjvkyNjo4i9xHGASRGCFQTA1jsyMn6MSPQVq
    AiEA77qO8uv46czmVf72sX6wIYpGrjQd1wRsPhXamHffp78=
    -----END CERTIFICATE-----
    """

  private static let rsasha1PEM = """
    -----BEGIN CERTIFICATE-----
    MIICZzCCAU+gAwIBAgIUGUYLZPpqn4nUT0J2BL4CNHpYFUYwDQYJKoZIhvcNAQEF
    BQAwITEfMB0GA1UEAwwWU3RyZW5ndGggUlNBIGF1dGhvcml0eTAgFw0yMDAxMDEw
    MDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGYi50ZXN0MFkwEwYH
    KoZIzj0CAQYIKoZIzj0DAQcDQgAEQkxeoMRu+P+upJ/VnMa5XuKwaBkFSqWHWVo9
    8Ckhwp0jhh8BvQTCyzUzA4J8ugKIAjqzIiDyv0AVNLfHjtmnv6NwMG4wFwYDVR0R
    BBAwDoIGYi50ZXN0hwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQW
    BBQzO7/JoRLV/Ue81+irz4JkhJNaITAfBgNVHSMEGDAWgBRJlhFHzLBy/7BKOHWV
    ngVcl9kHljANBgkqhkiG9w0BAQUFAAOCAQEAgQki6c4hvEHPyPgkmu5u87sta5au
    +ydtQD0OAkDMtwnDWpKPShp3i5elAAagMfl+wzQ/doXdHMFzlaNydF5PNvBZbjR6
    IGYEQdhi9NyocHiAEE2Tcro4aN+0Mqv0Ii2MMDogsMRI9HoKMuPOsQaUa5hT6iI9
    T+bEk5wC812I6r9969XqxJsbxGSC8OfXia1LxMNoi5G+HvOQ6nKjRqW2X88AkqZ0
    DRhAO886sSuJqpqkfwxDxc1DFxnOmJezS6+0aEdwbGzMd8y+mCdWpaGHPKCALQ8E
    1GFRwiuPtqcgd/kS9QyUhLn/21wRQrn9+9O0kT8rzLzZ9dPMZ5vN17uVEg==
    -----END CERTIFICATE-----
    """

  private static let p256Key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF/DGPbLU2B1GUAfo
    O/X1lop6GScGSgOeQ7jpHTwW3D6hRANCAARCTF6gxG74/66kn9Wcxrle4rBoGQVK
    pYdZWj3wKSHCnSOGHwG9BMLLNTMDgny6AogCOrMiIPK/QBU0t8eO2ae/
    -----END PRIVATE KEY-----
    """

  private static let ed25519PEM = """
    -----BEGIN CERTIFICATE-----
    MIIBdDCCARmgAwIBAgIUKN/d+4LBe2eJ4EBphG4ENRtXGRQwCgYIKoZIzj0EAwIw
    HTEbMBkGA1UEAwwSU3RyZW5ndGggYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoY
    DzIxMjAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZiLnRlc3QwKjAFBgMrZXADIQAE
    8qALyrc/e7Wc0gcooozmK3RPoy1CaucAP9PtGGqC0aNwMG4wFwYDVR0RBBAwDoIG
    Yi50ZXN0hwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBSsrQak
    v3GSEDB4kNlgYiUKpxBxKTAfBgNVHSMEGDAWgBRIM11YlDPK/lZtzWOy2lDRs7qz
    YjAKBggqhkjOPQQDAgNJADBGAiEAmidPIyXPhQKrcTLEpdHHoQW3VXEefHWANkxH
    zPINnroCIQCbyM5o4/WQWnA+DB//5rn7aMBprzMRi8X2AiUCwc6olg==
    -----END CERTIFICATE-----
    """

  private static let ed25519Key = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIOgXGDb6+0+GDfdGA+Tdz8ITP2eDtX3LywbQYCbn8kJX
    -----END PRIVATE KEY-----
    """

  private static let p521PEM = """
    -----BEGIN CERTIFICATE-----
    MIIB5TCCAYugAwIBAgIUHnn63IC63gkgB4HI0khQbfb7A7IwCgYIKoZIzj0EAwIw
    HTEbMBkGA1UEAwwSU3RyZW5ndGggYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoY
    DzIxMjAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZiLnRlc3QwgZswEAYHKoZIzj0C
    AQYFK4EEACMDgYYABAGYp1YEu1Dds9ytg94B9k9SBql1ciwLlbbSt2k8M/VvatiF
    0biq8Ca+nob1QAJueyf+auYoKHXCU9Qhu80TyMoKQwC4pmdKKCM6grMefKVE5A/I
    6OhREyPunuPPcctPnxgCMKIv2UN0dBceRSIWNpCVn7zurS0/Br5G83Pav2jnXLtK
    zqNwMG4wFwYDVR0RBBAwDoIGYi50ZXN0hwR/AAABMBMGA1UdJQQMMAoGCCsGAQUF
    BwMBMB0GA1UdDgQWBBSR5J4k5S/WEIo5xhnFNBJMoCMo0jAfBgNVHSMEGDAWgBRI
    M11YlDPK/lZtzWOy2lDRs7qzYjAKBggqhkjOPQQDAgNIADBFAiBYoyfN+na62Y+s
    I/UYZTVhIVc0A3s7YMy/6BdQGnwJrQIhAIOTpdfzZ0MU62l2RUBwDC5JpQxIKMad
    YAVzh3xTC+Xo
    -----END CERTIFICATE-----
    """

  private static let p521Key = """
    -----BEGIN PRIVATE KEY-----
    MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBZI1abXb7ET7FKoee
    pCzC60wwiKy1wd9Wy25Xh2KFPy9HCsdHk+DV99IsQGOlMtXSRSZ4Sq19dMYkMIMo
    ESa10lqhgYkDgYYABAGYp1YEu1Dds9ytg94B9k9SBql1ciwLlbbSt2k8M/VvatiF
    0biq8Ca+nob1QAJueyf+auYoKHXCU9Qhu80TyMoKQwC4pmdKKCM6grMefKVE5A/I
    6OhREyPunuPPcctPnxgCMKIv2UN0dBceRSIWNpCVn7zurS0/Br5G83Pav2jnXLtK
    zg==
    -----END PRIVATE KEY-----
    """
}
