internal import Basics
internal import BootRun
internal import CLinux
internal import InitProcess

/// What the person at the machine, and later the journal, is told.
struct Log: BootLog {
    enum Level: Int {
        case error = 3
        case warning = 4
        case info = 6
    }

    private static let name = "docker-btrfs-init"

    /// Whether stderr is systemd's journal, which knows the program's name and takes a level: sd-daemon(3).
    private let isJournal = isStandardErrorJournal()
    /// -1 where the kernel's log is not written to.
    private let kernel: Int32

    /// `ofBoot`: write to the kernel's log as well, which outlives an initramfs, as the journal does.
    init(ofBoot: Bool) {
        kernel = ofBoot && !isJournal ? linux_open("/dev/kmsg", O_WRONLY | O_CLOEXEC, 0) : -1
        if kernel >= 0 && isInInitramfs() { letKernelKeepEveryLine() }
    }

    func info(_ text: String) { write(text, .info) }

    func notice(_ text: String) { write(text, .warning) }

    func error(_ failure: Failure) { write(failure.description, .error) }

    /// Writes to the kernel's log alone, for what is shown in another way.
    func record(_ failure: Failure) {
        for line in failure.description.parts(at: "\n") { keep(display(line.utf8), .error) }
    }

    private func write(_ text: String, _ level: Level) {
        for line in text.parts(at: "\n").map({ display($0.utf8) }) {
            let begin = isJournal ? "<\(level.rawValue)>" : "\(Self.name): "
            // The kernel shows its log on the console, unless it was told to be quiet: then what matters gets there all the same.
            if kernel < 0 || level != .info { put(Array("\(begin)\(line)\n".utf8), to: STDERR_FILENO) }
            keep(line, level)
        }
    }

    private func keep(_ line: String, _ level: Level) {
        // The kernel cuts a record at about 1000 bytes, and shows one without an end only when the next one comes.
        if kernel >= 0 { put(Array("<\(level.rawValue)>\(Self.name): \(line)".utf8.prefix(900)) + Array("\n".utf8), to: kernel) }
    }

    /// Nobody is left to tell that telling failed.
    private func put(_ bytes: [UInt8], to descriptor: Int32) {
        _ = linux_write_all(descriptor, bytes, bytes.count)
    }
}

/// Otherwise it takes ten lines in five seconds, and the rest is on no screen and in no log. Where the kernel command line has a say
/// in it (printk.devkmsg=), this fails, as it should.
private func letKernelKeepEveryLine() {
    let opened = linux_open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC, 0)
    if opened < 0 { return }
    _ = linux_write_all(opened, "on\n", 3)
    close(opened)
}

/// By what systemd says of its stream, which is no longer true where somebody gave the program another stderr: systemd.exec(5).
private func isStandardErrorJournal() -> Bool {
    var found = stat()
    guard let stream = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &found) == 0 else { return false }
    return String(cString: stream) == "\(found.st_dev):\(found.st_ino)"
}

/// Writes text to standard output.
func show(_ text: String) {
    let bytes = Array(text.utf8)
    _ = linux_write_all(STDOUT_FILENO, bytes, bytes.count)
}
