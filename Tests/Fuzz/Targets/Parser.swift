/// What is fuzzed: parsers of bytes that others wrote.
enum Parser: String, CaseIterable {
    case bolt
    case commandLine = "command-line"
    case configuration
    case manifest
    case mark
    case path
    case record
    case reference
    case store

    /// Parses an input and checks what has to hold whatever it is: no trap, a result within its limits, a message that can be printed.
    func run(_ input: [UInt8]) throws {
        switch self {
        case .bolt: try BoltInput(input).check()
        case .commandLine: try checkCommandLine(input)
        case .configuration: try checkConfiguration(input)
        case .manifest: try checkManifest(input)
        case .mark: try checkMark(input)
        case .path: try checkPath(input)
        case .record: try checkRecord(input)
        case .reference: try checkReference(input)
        case .store: try StoreInput(input).check()
        }
    }
}
