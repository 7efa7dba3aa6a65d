/// How far something long has come, as a picture of text.
package enum ProgressBar {
  /// `[#####....................] 20 %`; `fraction` from 0 to 1.
  package static func text(_ fraction: Double) -> String {
    let percent = min(100, max(0, Int(fraction * 100)))
    return "[" + String(repeating: "#", count: percent / 4)
      + String(repeating: ".", count: 25 - percent / 4) + "] \(percent) %"
  }
}
