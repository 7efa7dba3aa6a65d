import Foundation
import Testing

@testable import Delivery

@Suite("Text that goes to a terminal") struct VisibleTextTests {
  static let invisible: [Unicode.Scalar] = [
    "\u{0}", "\u{7}", "\u{8}", "\r", "\u{1B}", "\u{7F}", "\u{80}", "\u{9B}", "\u{9D}", "\u{AD}",
    "\u{61C}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}",
    "\u{2066}", "\u{2069}", "\u{FEFF}", "\u{E0041}",
  ]

  @Test("has what steers it escaped, and replaced", arguments: invisible)
  func steering(scalar: Unicode.Scalar) {
    let text = "a\(scalar)b"
    for safe in [VisibleText.escaped(text), VisibleText.replaced(text)] {
      #expect(!safe.unicodeScalars.contains(scalar))
      #expect(safe.hasPrefix("a") && safe.hasSuffix("b"))
    }
    let escaped = VisibleText.escaped(text)
    #expect(escaped.utf8.count == escaped.unicodeScalars.count, "nothing but ASCII")
    #expect(VisibleText.replaced(text) == "a\u{FFFD}b")
  }

  @Test("means the same when it is JSON")
  func json() throws {
    let given = ["é\u{202E}x\u{9B}\u{E0041}", "plain", "\u{1B}[2J"]
    let json = String(decoding: try JSONEncoder().encode(given), as: UTF8.self) + "\n"
    let safe = VisibleText.escaped(json)
    #expect(try JSONDecoder().decode([String].self, from: Data(safe.utf8)) == given)
    #expect(safe.contains("é\\u202ex\\u009b\\udb40\\udc41"))
  }

  @Test("is left alone where it only shows something")
  func harmless() {
    let text = "a\tb\nä€😀 中文 العربية עברית e\u{301}"
    #expect(VisibleText.escaped(text) == text)
    #expect(VisibleText.replaced("ä€😀 עברית") == "ä€😀 עברית")
  }
}
