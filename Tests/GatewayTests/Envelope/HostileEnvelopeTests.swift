import Testing

@testable import Gateway

@Suite("An envelope that was made to be slow") struct HostileEnvelopeTests {
  @Test("gets an answer of a bounded size", arguments: HostileEnvelopes.shapes.indices)
  func answers(index: Int) {
    let shape = HostileEnvelopes.shapes[index]
    guard let problem = Reading.problem(shape.bytes(300_000)) else { return }
    #expect([400, 413].contains(problem.status), "\(shape.name)")
    #expect(problem.errors.count <= EnvelopeLimits.maxErrors + 1, "\(shape.name)")
    let said = problem.detail.utf8.count + problem.errors.reduce(0) { $0 + $1.detail.utf8.count }
    #expect(said < 64 << 10, "\(shape.name)")
  }

  @Test("compares no header name with another, but the twins that it names")
  func comparisons() {
    func comparisons(_ names: [String]) -> Int {
      let json = Array("[\(names.map { "\"\($0)\"" }.joined(separator: ","))]".utf8)
      return json.withUnsafeBufferPointer { bytes in
        var cursor = JSONCursor(bytes)
        var seen = HeaderNames()
        var isFirst = true
        cursor.open(UInt8(ascii: "["))
        while (try? cursor.element(isFirst: &isFirst)) == true, let name = try? cursor.string() {
          _ = seen.insert(name, in: cursor)
        }
        return seen.comparisons
      }
    }
    let end = String(repeating: "a", count: 1000)
    #expect(comparisons((0..<1000).map { end + "\($0)" }) == 0)
    #expect(comparisons((0..<1000).map { "\($0)" + end }) == 0)
    #expect(comparisons((0..<1000).map { _ in end }) == 999)
    #expect(comparisons(["X-A", "x-a", "X-B", #"\u0058-b"#]) == 2)
  }

  @Test("has its names told apart whatever their case, their escapes and their length")
  func twins() {
    let json = Array(
      #"["","a","A","ab","AB","a\u0042","abcdefgh","ABCDEFGH","abcdefghi","b"]"#.utf8)
    json.withUnsafeBufferPointer { bytes in
      var cursor = JSONCursor(bytes)
      var seen = HeaderNames()
      var isFirst = true
      var isNew: [Bool] = []
      cursor.open(UInt8(ascii: "["))
      while (try? cursor.element(isFirst: &isFirst)) == true, let name = try? cursor.string() {
        isNew.append(seen.insert(name, in: cursor))
      }
      #expect(isNew == [true, true, false, true, false, false, true, false, true, true])
      #expect(seen.count == 6)
    }
  }

  @Test("says of a million wrong headers what it says of seventeen")
  func cut() throws {
    func detail(_ count: Int) throws -> String {
      let twins = Array(repeating: #""X-A":"1""#, count: count).joined(separator: ",")
      return try #require(Reading.problem(#"{"Url":"http://a","Header":{\#(twins)}}"#)).detail
    }
    #expect(try detail(17).hasPrefix("16 things are wrong."))
    #expect(try detail(18).hasPrefix("More than 16 things are wrong."))
    #expect(try detail(100_000) == (try detail(18)))
  }
}
