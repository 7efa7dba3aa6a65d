import Foundation
import Testing

/// The script that makes the release, between stand-ins: nothing is built, and what `readelf` would
/// say of the programs is given.
@Suite struct PackageTests {
  struct Facts: Sendable {
    var bytes = 1000
    var dynamic = """
       0x0000000000000001 (NEEDED)             Shared library: [libz.so.1]
       0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
       0x000000000000001e (FLAGS)              BIND_NOW
      """
    var type = "DYN (Position-Independent Executable file)"
    var header = "  GNU_RELRO      0x3fff00"
    var glibc = "GLIBC_2.9 GLIBC_2.36 GLIBC_2.4"
    var section = ".text"
  }

  private func run(_ facts: Facts) throws -> Program.Result {
    let folder = try TemporaryDirectory()
    func script(_ text: String, _ file: String) throws {
      try folder.write(text + "\n", to: file)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/\(file)")
    }
    try script(
      String(contentsOfFile: Repository.path("Tools/package"), encoding: .utf8), "Tools/package")
    try script("#!/bin/bash", "bin/swift")
    try script(
      """
      #!/bin/bash
      case $2 in
        --dynamic) echo "\(facts.dynamic)" ;;
        --version-info) echo "\(facts.glibc)" ;;
        --file-header) echo "  Type:    \(facts.type)" ;;
        --program-headers) echo "\(facts.header)" ;;
        --sections) echo "\(facts.section)" ;;
      esac
      """, "bin/readelf")
    for program in ["dispatcher", "log-inspect"] {
      try folder.write(
        String(repeating: "x", count: facts.bytes), to: ".build-package/release/\(program)")
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try Program.run(
      "/usr/bin/env", ["PATH=\(folder.path)/bin:\(path)", "\(folder.path)/Tools/package"])
  }

  @Test("what runs on a bare Debian 12 is taken, and its size, libraries and glibc are said")
  func good() throws {
    let result = try run(Facts(bytes: 12_345_678))
    #expect(result.status == 0)
    #expect(
      result.errors.contains(
        "package: .build-package/bin/dispatcher: 12.3 MB, libz.so.1 libc.so.6, GLIBC_2.36"))
  }

  @Test(
    "what would not run there, or could be turned against its user, is refused",
    arguments: [
      ("is larger than 40 MB", Facts(bytes: 40_000_001)),
      (
        "needs libswiftCore.so",
        Facts(dynamic: Facts().dynamic + "\n 0x1 (NEEDED)  Shared library: [libswiftCore.so]")
      ),
      (
        "looks for libraries in /usr/lib/swift:$ORIGIN",
        Facts(
          dynamic: Facts().dynamic
            + "\n 0x1d (RUNPATH)  Library runpath: [/usr/lib/swift:\\$ORIGIN]")
      ),
      ("needs GLIBC_2.38", Facts(glibc: "GLIBC_2.4 GLIBC_2.38")),
      ("RELRO is not full", Facts(dynamic: Facts().dynamic.replacing("BIND_NOW", with: ""))),
      ("has no RELRO", Facts(header: "  GNU_STACK")),
      ("is not position independent", Facts(type: "EXEC (Executable file)")),
      ("holds symbols", Facts(section: ".symtab")),
    ])
  func bad(complaint: String, facts: Facts) throws {
    let result = try run(facts)
    #expect(result.status == 1)
    #expect(result.errors.contains(complaint), "\(result.errors)")
  }
}
