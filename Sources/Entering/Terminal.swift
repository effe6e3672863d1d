internal import Basics
internal import CEntering
internal import CLinux
internal import Glibc

/// A terminal of the root's own, between which and the caller's all is handed on. So nothing there has the caller's terminal, where it
/// could type.
final class Terminal {
    let master: Int32
    private(set) var peer: Int32
    private var before = termios()

    /// Whether a person sits there.
    static var isUsed: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// It is the user's, who may open it by its name. Writing to `master` waits for nobody.
    init(in terminals: FilesystemTree, of user: UInt32) throws(Failure) {
        let flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK
        master = linux_openat2(terminals.descriptor, "ptmx", flags, 0, linux_resolve_no_links)
        if master < 0 { throw .system("open a terminal") }
        _ = entering_unlock(master)
        peer = entering_peer(master)
        if peer < 0 || fchown(peer, user, gid_t.max) != 0 { throw .system("open a terminal") }
        _ = entering_copy_size(STDIN_FILENO, master)
    }

    func closePeer() {
        close(peer)
        peer = -1
    }

    /// From here on keys are for the other side as they are: Ctrl-C too. Before anything runs there: what is typed or pastes itself at once
    /// must not be echoed here, nor end the input. What this program says still ends its lines.
    func begin() {
        tcgetattr(STDIN_FILENO, &before)
        makeRaw(endingLines: true)
    }

    /// What the other side writes is written as it is too.
    func handOver() {
        makeRaw(endingLines: false)
        _ = entering_copy_size(STDIN_FILENO, master)
    }

    private func makeRaw(endingLines: Bool) {
        var raw = before
        cfmakeraw(&raw)
        if endingLines { raw.c_oflag = before.c_oflag }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    }

    func end() { tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }

    deinit {
        close(master)
        if peer >= 0 { close(peer) }
    }
}
