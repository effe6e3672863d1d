public import Basics

/// An entry of the menu for the next boot alone, which a boot loader is told and forgets.
public enum NextBoot: Sendable {
    /// GRUB's environment: a whole file beside its grub.cfg.
    case grubEnvironment(MenuFile)
    /// A variable of the firmware: its file's name, and its content behind the attributes.
    case firmwareVariable(String, [UInt8])
}

extension InstalledLoader {
    /// Where the kernel shows the firmware's variables.
    public static let firmwareVariables = "/sys/firmware/efi/efivars"

    /// How the loader is told to start the entry of that id once. Fails with the reason alone where it cannot be told.
    public func nextBoot(_ id: String) throws(Failure) -> NextBoot {
        switch kind {
        case .refind, .print: throw Failure("\(kind.title) takes no entry for one boot")
        case .grub: return .grubEnvironment(try grubEnvironment(next: id))
        case .systemdBoot: return try systemdBootVariable(id)
        }
    }

    /// What grub-reboot does. The file has a fixed size, which GRUB writes over as it starts.
    private func grubEnvironment(next id: String) throws(Failure) -> MenuFile {
        let path: Path = "grubenv"
        let size = 1024
        let title = "# GRUB Environment Block"
        if directory.isOnBtrfs {
            throw Failure("GRUB before 2.14 cannot write on btrfs, where its folder '\(directory.show(.top))' is, and would not forget it")
        }
        if try !String(decoding: directory.contents(of: "grub.cfg") ?? [], as: UTF8.self).contains("next_entry") {
            throw Failure("'\(directory.show("grub.cfg"))' does not look at next_entry: grub-mkconfig makes one that does")
        }
        guard let content = try directory.contents(of: path), content.count == size, content.starts(with: title.utf8) else {
            throw Failure("'\(directory.show(path))' is not there, or is no environment of GRUB: grub-editenv makes one")
        }
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") && !$0.hasPrefix("next_entry=") }
        let text = ([title] + lines.map(String.init) + ["next_entry=\(id)"]).map { $0 + "\n" }.joined()
        if text.utf8.count > size { throw Failure("'\(directory.show(path))' is full") }
        return MenuFile(path: path, text: text + String(repeating: "#", count: size - text.utf8.count))
    }

    /// LoaderEntryOneShot: https://systemd.io/BOOT_LOADER_INTERFACE
    private func systemdBootVariable(_ id: String) throws(Failure) -> NextBoot {
        let vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
        let features = try fileContents("\(Self.firmwareVariables)/LoaderFeatures-\(vendor)")
        // Behind four bytes of attributes; the bit is EFI_LOADER_FEATURE_ENTRY_ONESHOT.
        guard let features, features.count > 4, features[4] & 1 << 3 != 0 else {
            throw Failure("systemd-boot did not start this system, or is too old: the firmware has no LoaderFeatures that says so")
        }
        let units = "\(id).conf\0".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        return .firmwareVariable("LoaderEntryOneShot-\(vendor)", units)
    }
}
