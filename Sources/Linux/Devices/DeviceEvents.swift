internal import CLinux

/// What the kernel tells when block devices come, go and change, and where it runs, udev.
///
/// It tells nothing where the network namespace is not the machine's own. So nobody waits for it alone for long.
struct DeviceEvents: ~Copyable {
    private let socket = linux_listen_for_devices()
    private static let sought = Array("SUBSYSTEM=block".utf8)

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// Returns when something happened to a block device since the last call, and soon without that.
    func wait() {
        let end = microsecondsNow() + (socket < 0 ? 50_000 : 500_000)
        while !takeAll() {
            let left = end - microsecondsNow()
            // poll passes over a descriptor that is negative.
            var awaited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if left <= 0 || poll(&awaited, 1, Int32(left / 1000 + 1)) < 0 { return }
        }
    }

    /// Takes what was told so far; true if it was of block devices.
    private func takeAll() -> Bool {
        if socket < 0 { return false }
        var buffer = [UInt8](repeating: 0, count: 8192)
        var found = false
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0 {
                // There was more than the socket could hold: perhaps that.
                return found || linux_errno() == ENOBUFS
            }
            if memmem(buffer, count, Self.sought, Self.sought.count) != nil { found = true }
        }
    }
}
