internal import Basics
internal import CDisk
internal import CLinux
internal import Glibc

/// QEMU's own door (QMP, docs/interop/qmp-spec.rst of QEMU): a socket that takes and gives an object in each line.
final class MachineMonitor {
    private let descriptor: Int32
    private var waiting: [UInt8] = []

    /// Fails where no virtual machine is there (yet).
    init(_ path: String) throws(Failure) {
        descriptor = disk_connect(path, 10)
        if descriptor < 0 { throw .system("reach the virtual machine") }
        _ = try line()
        try ask(#"{"execute": "qmp_capabilities"}"#)
    }

    deinit { close(descriptor) }

    /// Writes what its screen shows, as a PNG file. The machine may be ended meanwhile: what was written before stays then.
    func writeScreen(to file: String) throws(Failure) {
        let draft = file + ".new"
        let arguments = JSONOutput.object([("filename", .string(draft)), ("format", .string("png"))]).line
        try ask(#"{"execute": "screendump", "arguments": \#(arguments)}"#)
        if rename(draft, file) != 0 { throw .system("write '\(file)'") }
    }

    /// Whether it stands still, for what its disk is kept in has no room for what it writes.
    func isOutOfRoom() throws(Failure) -> Bool { try ask(#"{"execute": "query-status"}"#)["status"]?.string == "io-error" }

    @discardableResult
    private func ask(_ question: String) throws(Failure) -> JSON {
        let bytes = Array("\(question)\n".utf8)
        if !linux_write_all(descriptor, bytes, bytes.count) { throw .system("ask the virtual machine") }
        while true {
            let answer = try JSON(parsing: line(), name: "the virtual machine's answer")
            if let error = answer["error"] { throw Failure("the virtual machine refused: \(error["desc"]?.string ?? "no reason")") }
            // Events come at any time.
            if let told = answer["return"] { return told }
        }
    }

    private func line() throws(Failure) -> [UInt8] {
        while true {
            if let end = waiting.firstIndex(of: 0x0a) {
                defer { waiting.removeFirst(end + 1) }
                return Array(waiting[..<end])
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &piece, piece.count)
            if count < 0 { throw .system("read what the virtual machine says") }
            if count == 0 || waiting.count > 1 << 20 { throw Failure("the virtual machine says nothing") }
            waiting += piece[..<count]
        }
    }
}
