import Testing

@testable import Delivery

@Suite("Which address of a name is tried first")
struct AddressBookTests {
  private static let place = AddressBook.Place(host: "b.test", port: 80)
  private static func addresses(_ count: UInt32) -> [IPAddress] {
    (1...count).map { .v4($0) }
  }

  private func failed(_ numbers: UInt32..., answered: UInt32? = nil) -> AddressBook.Lesson {
    AddressBook.Lesson(
      failed: numbers.map { .v4($0) }, answered: answered.map { .v4($0) })
  }

  private func order(_ book: AddressBook, of count: UInt32 = 3) -> [UInt32] {
    book.order(Self.addresses(count), of: Self.place).map {
      if case .v4(let value) = $0 { value } else { 0 }
    }
  }

  @Test("a name nothing is known of keeps the order of its name server")
  func unknown() {
    var book = AddressBook()
    #expect(order(book) == [1, 2, 3])
    book.learn(failed(answered: 1), of: Self.place)
    #expect(book.count == 0)
  }

  @Test("what failed comes last, what answered first, until it fails itself")
  func preference() {
    var book = AddressBook()
    book.learn(failed(1), of: Self.place)
    #expect(order(book) == [2, 3, 1])
    book.learn(failed(answered: 3), of: Self.place)
    #expect(order(book) == [3, 2, 1])
    book.learn(failed(3), of: Self.place)
    #expect(order(book) == [2, 1, 3])
    book.learn(failed(2, answered: 1), of: Self.place)
    #expect(order(book) == [1, 3, 2])
  }

  @Test("where all fail they are tried in turn")
  func turns() {
    var book = AddressBook()
    var first: [UInt32] = []
    for _ in 0..<6 {
      first.append(order(book)[0])
      book.learn(failed(first.last ?? 0), of: Self.place)
    }
    #expect(first == [1, 2, 3, 1, 2, 3])
  }

  @Test("one port's failure is not another's")
  func ports() {
    var book = AddressBook()
    book.learn(failed(1), of: AddressBook.Place(host: "b.test", port: 443))
    #expect(order(book) == [1, 2, 3])
  }

  @Test("an attempt gets eight addresses at most, and in the end every one has its turn")
  func eight() {
    var book = AddressBook()
    var tried: Set<UInt32> = []
    for _ in 0..<8 {
      let next = order(book, of: 64)
      #expect(next.count == 8)
      tried.formUnion(next)
      book.learn(AddressBook.Lesson(failed: next.map { .v4($0) }), of: Self.place)
    }
    #expect(tried.count == 64)
    #expect(order(book, of: 1000).count == 8)
  }

  @Test("an address that the name has no longer is not tried")
  func gone() {
    var book = AddressBook()
    book.learn(failed(2, answered: 9), of: Self.place)
    #expect(order(book) == [1, 3, 2])
  }

  @Test("names and failed addresses that are remembered are bounded")
  func bounds() {
    var book = AddressBook(placesMax: 4, failedMax: 2)
    for port in 1...100 {
      book.learn(failed(1), of: AddressBook.Place(host: "b.test", port: port))
      #expect(book.count <= 4)
    }
    book.learn(failed(1, 2, 3), of: Self.place)
    #expect(order(book) == [1, 2, 3])
    book.learn(failed(1), of: Self.place)
    #expect(order(book) == [2, 3, 1])
  }
}
