internal import Basics

/// The content of a small file without white space around it; nil where there is no file.
func value(of file: Path, in directory: Directory) throws(Failure) -> [UInt8]? {
    guard let content = try directory.contents(of: file, limit: 4096) else { return nil }
    let trimmed = trim(content)
    if trimmed.isEmpty { throw Failure("could not use '\(directory.show(file))': it is empty", hint: repairHint) }
    return trimmed
}

/// Without white space at both ends, as the daemon reads the files of one value.
func trim(_ bytes: [UInt8]) -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
    return Array(bytes[first...last])
}
