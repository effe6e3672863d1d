public import Basics
public import Boot

extension KernelCommandLine {
    /// That text, or where there is none, what this machine was started with.
    public static func asked(by text: String?) throws(Failure) -> KernelCommandLine {
        if let text { KernelCommandLine(text.utf8) } else { try running() }
    }

    /// What this machine was started with: /proc/cmdline and, in an initramfs, the files that dracut takes for a part of it. As in
    /// dracut-lib.sh's getcmdline, a later one goes before an earlier one.
    public static func running() throws(Failure) -> KernelCommandLine {
        guard let kernel = try fileContents("/proc/cmdline") else {
            throw Failure("could not read '/proc/cmdline': it is not there", hint: "mount /proc, or give --cmdline TEXT")
        }
        // dracut's own sign of an initramfs. The booted system may have files by these names for another boot than its own.
        guard try fileContents("/usr/lib/initrd-release") != nil else { return KernelCommandLine(kernel) }
        var line = KernelCommandLine([])
        for text in pieces("/etc/cmdline.d") + [piece("/etc/cmdline"), kernel] + pieces("/run/initramfs/cmdline.d") {
            line = line.overridden(by: KernelCommandLine(text))
        }
        return line
    }

    /// The files of a folder that the shell knows as `*.conf`, in the order of their names.
    private static func pieces(_ folder: String) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        for name in (try? Directory(opening: folder).names()) ?? [] where name.first != UInt8(ascii: ".") {
            let file = "\(folder)/\(String(decoding: name, as: UTF8.self))"
            if file.ends(with: ".conf") { pieces.append(piece(file)) }
        }
        return pieces
    }

    /// What cannot be read says nothing, as in dracut: an ordinary boot is not to end here.
    private static func piece(_ file: String) -> [UInt8] {
        (try? fileContents(file)) ?? []
    }
}
