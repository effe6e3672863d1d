import Foundation

/// A terminal at which this process is the person. script(1) loses the end of a long paste now and then.
struct CallersTerminal {
    private let master: Int32
    /// What the command that runs there has open.
    let path: String

    init() throws {
        master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard master >= 0, grantpt(master) == 0, unlockpt(master) == 0, let name = ptsname(master) else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        path = String(cString: name)
    }

    func close() { _ = Foundation.close(master) }

    /// Waits until `text` is shown.
    func shows(_ text: String) async throws {
        var shown = ""
        while !shown.contains(text) {
            var bytes = [UInt8](repeating: 0, count: 1 << 12)
            let count = read(master, &bytes, bytes.count)
            if count > 0 { shown += String(decoding: bytes.prefix(count), as: UTF8.self) } else { try await wait() }
        }
    }

    /// Types all of it, and reads nothing of what is shown meanwhile.
    func types(_ text: String) async throws {
        var left = Array(text.utf8)[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
            if count > 0 { left = left.dropFirst(count) } else { try await wait() }
        }
    }

    private func wait() async throws {
        guard errno == EAGAIN || errno == EINTR else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        try await Task.sleep(for: .milliseconds(20))
    }
}
