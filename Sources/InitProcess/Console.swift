internal import CLinux

/// Where this process reads from and writes to.
public enum Console {
    private static let places = [(name: "/dev/console", isRead: true), (name: "/dev/kmsg", isRead: false)]

    /// Makes the console standard input, output and error. Where there is none, what is written goes to the kernel's log, which the kernel
    /// shows wherever it can, and nothing is read: what others wrote there are no commands for a shell.
    public static func open() {
        for place in places {
            let opened = linux_open(place.name, O_RDWR | O_NOCTTY, 0)
            if opened < 0 { continue }
            var status = stat()
            let isDevice = fstat(opened, &status) == 0 && Int32(status.st_mode) & S_IFMT == S_IFCHR
            if isDevice {
                for descriptor in STDIN_FILENO...STDERR_FILENO { dup2(opened, descriptor) }
                if !place.isRead { open(nothing: STDIN_FILENO) }
            }
            if opened > STDERR_FILENO { close(opened) }
            if isDevice { return }
        }
    }

    private static func open(nothing descriptor: Int32) {
        let opened = linux_open("/dev/null", O_RDONLY, 0)
        if opened < 0 { return }
        dup2(opened, descriptor)
        close(opened)
    }

    /// Whether a person can type there.
    public static var isRead: Bool { isatty(STDIN_FILENO) == 1 }
}
