internal import CLinux

/// Where this process reads from and writes to.
public enum Console {
    private static let names = ["/dev/console", "/dev/kmsg"]

    /// Makes the console standard input, output and error, or where there is none, the kernel's log, which the kernel shows
    /// wherever it can.
    public static func open() {
        for name in names {
            let opened = linux_open(name, O_RDWR | O_NOCTTY, 0)
            if opened < 0 { continue }
            var status = stat()
            let isDevice = fstat(opened, &status) == 0 && Int32(status.st_mode) & S_IFMT == S_IFCHR
            if isDevice { for descriptor in STDIN_FILENO...STDERR_FILENO { dup2(opened, descriptor) } }
            if opened > STDERR_FILENO { close(opened) }
            if isDevice { return }
        }
    }
}
