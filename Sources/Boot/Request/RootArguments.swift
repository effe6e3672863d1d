public import Basics

/// What the kernel command line says of the root, for a boot from an image and for any other.
public struct RootArguments: Equatable, Sendable {
    /// How long to wait for devices.
    public enum Patience: Equatable, Sendable {
        case seconds(Int)
        case forever

        /// nil: without end.
        public var seconds: Int? {
            switch self {
            case .seconds(let seconds): seconds
            case .forever: nil
            }
        }
    }

    /// `root=`.
    public let device: DeviceName
    /// `rootfstype=`, in the order in which they are to be tried; none: what is recognised on the device.
    public let filesystemTypes: [String]
    /// The options of all `rootflags=`, which systemd's fstab-generator joins.
    public let flags: [String]
    /// Those of the last `rootflags=`, by which alone most initramfs mount the root.
    public let lastFlags: [String]
    /// `rw`. As the kernel takes it, the last word counts, and without one the root is read-only.
    public let isWritable: Bool
    /// `rootdelay=` and `rootwait`.
    public let patience: Patience
    /// `noresume`: a hibernated system is given up.
    public let ignoresHibernation: Bool
    /// `init=`; nil where one of the usual ones is meant.
    public let initProgram: Path?

    /// Fails with the first key that is missing or wrong.
    public init(_ line: KernelCommandLine) throws(Failure) {
        device = try line.device(.root)
        filesystemTypes = options(line.value(.rootFilesystemType) ?? "").filter { $0 != "auto" }
        flags = line.values(.rootFlags).flatMap { options($0) }
        lastFlags = options(line.last(.rootFlags)?.value ?? "")
        let words = line.parameters.filter { $0.value == nil }.map { $0.key } + flags
        isWritable = words.last { $0 == "ro" || $0 == "rw" } == "rw"
        patience = try Patience(line)
        ignoresHibernation = line.last(.noResume) != nil
        initProgram = try line.value(.initProgram).map { text throws(Failure) in
            let found = try path(text, key: "init")
            if text.begins(with: "/") { return found }
            throw Failure("could not use 'init=\(text)': it is not an absolute path", hint: "write init=/\(text)")
        }
    }
}

extension RootArguments.Patience {
    fileprivate init(_ line: KernelCommandLine) throws(Failure) {
        if let wait = line.last(.rootWait) {
            self = if let text = wait.value { .seconds(try number(text, .rootWait)) } else { .forever }
        } else {
            self = .seconds(try line.value(.rootDelay).map { text throws(Failure) in try number(text, .rootDelay) } ?? 10)
        }
    }
}

extension KernelCommandLine {
    /// The device that a key names. Fails where it is missing or names none.
    func device(_ key: Key) throws(Failure) -> DeviceName {
        guard let text = value(key) else {
            throw Failure("could not find '\(key)=' on the kernel command line", hint: "add \(key)=LABEL=name or another device")
        }
        // Whole values may have them: the kernel takes those off.
        if text.has("\"") {
            throw Failure(
                "could not use '\(key)=\(text)': there are quotes inside, which are not taken off",
                hint: "leave them out; where there is white space in it, write \"\(key)=LABEL=my disk\"")
        }
        guard let device = DeviceName(text) else {
            throw Failure(
                "could not use '\(key)=\(text)': it is not a device that docker-btrfs knows",
                hint: "use LABEL=, UUID=, PARTLABEL=, PARTUUID= or a path below /dev"
            )
        }
        return device
    }
}

/// A path that the kernel command line has. `key` is for the message.
func path(_ text: String, key: String, hint: String? = nil) throws(Failure) -> Path {
    if text.isEmpty { throw Failure("could not use '\(key)=': it is empty", hint: hint) }
    // Bytes that were no UTF-8 are this character by now, and would lead to another place than the one that was meant.
    if text.unicodeScalars.contains("\u{fffd}") { throw Failure("could not use '\(key)=\(text)': it is not UTF-8") }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
        throw Failure("could not use '\(key)=\(text)': a path must not contain control characters")
    }
    guard let path = Path(text) else { throw Failure("could not use '\(key)=\(text)': a path must not contain '..'") }
    return path
}

/// The words of a list with commas.
func options(_ text: String) -> [String] {
    text.parts(at: ",")
}

/// A number, of seconds or of anything else.
func number(_ text: String, _ key: KernelCommandLine.Key) throws(Failure) -> Int {
    // Int32: a time in nanoseconds must fit 64 bits.
    guard let number = Int32(text), number >= 0 else {
        throw Failure("could not use '\(key)=\(text)': it is not a number from 0 to 2147483647")
    }
    return Int(number)
}
