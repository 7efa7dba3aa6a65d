extension FrameHead {
  func append(to out: inout ByteWriter) {
    out.append(little: Self.magic)
    out.append(little: totalLength)
    out.append(little: crc)
    out.append(type)
    out.append(flags)
    out.append(little: UInt16(0))
    out.append(little: salt)
    out.append(little: frameNumber)
    out.append(little: baseSequence)
    out.append(little: committedAtMs)
    out.append(little: syncedUpTo)
    out.append(little: directoryLength)
    out.append(little: recordCount)
  }

  /// Fills in what is known only just before the write.
  static func finish(_ frame: inout ByteWriter, prefixLength: Int, syncedUpTo: UInt64) {
    frame.replace(at: syncedUpToOffset, little: syncedUpTo)
    let prefix = UnsafeRawBufferPointer(rebasing: frame.bytes[..<prefixLength])
    frame.replace(at: crcOffset, little: checksum(prefix: prefix))
  }
}
