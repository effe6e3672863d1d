import CLinux

/// `FUZZ` names the parser: libFuzzer's own options take up the command line.
private let parser = getenv("FUZZ").flatMap { Parser(rawValue: String(cString: $0)) }

/// libFuzzer calls it with one input after the other. What ends the process counts as found.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let parser else {
        say("could not fuzz: FUZZ= must be one of \(Parser.allCases.map { $0.rawValue }.joined(separator: ", "))")
        exit(2)
    }
    do {
        try parser.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        say("\(parser.rawValue): \(error)")
        abort()
    }
    return 0
}

/// Unlike print, what this writes is out before the process aborts.
private func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = linux_write_all(2, $0.baseAddress, $0.count) }
}
