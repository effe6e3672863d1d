/// What a machine's kernel runs in.
enum Emulator {
    /// A whole machine, with firmware, buses and hardware.
    case qemu
    /// User-Mode Linux: a kernel that is a program, with the same filesystems and system calls. A boot takes a fifth of the time.
    /// For what the booted system finds; its initramfs is always that of docker-btrfs-init alone.
    case userMode

    /// Of the lab's scripts `boot` and `plain-initramfs`.
    var option: [String] { self == .userMode ? ["--uml"] : [] }

    /// The device of the first disk, or of another one by its letter.
    func disk(_ letter: String = "a") -> String {
        switch self {
        case .qemu: "/dev/vd\(letter)"
        case .userMode: "/dev/ubd\(letter)"
        }
    }
}
