internal import Basics

/// GRUB's menu entries. Its grub.cfg, which grub-mkconfig makes, sources `custom.cfg` beside it where there is one.
enum GrubMenu {
    static let current: Path = "docker-btrfs.cfg"
    static let earlier: Path = "docker-btrfs-earlier.cfg"
    static let custom: Path = "custom.cfg"

    /// Two files, the one with the default last. Fails on what GRUB cannot hand to the kernel.
    static func files(for menu: BootMenu) throws(Failure) -> [MenuFile] {
        var texts: [String] = []
        for entry in menu.entries { texts.append(try text(of: entry, in: menu)) }
        // Not over an entry that somebody chose for the next boot alone.
        let chosen = menu.entries.first.map { "\nif [ -z \"${boot_once}\" ]; then set default=\(quoted($0.id)); fi\n" } ?? ""
        return [
            MenuFile(path: earlier, text: ownership + "\n" + texts.dropFirst().joined()),
            MenuFile(path: current, text: ownership + "\n" + texts.prefix(1).joined() + chosen),
        ]
    }

    /// What a custom.cfg has to have.
    static let wayIn = [current, earlier].map { file in
        """
        if [ -f "${config_directory}/\(display(file.name))" ]; then source "${config_directory}/\(display(file.name))"; \
        elif [ -z "${config_directory}" -a -f "$prefix/\(display(file.name))" ]; then source "$prefix/\(display(file.name))"; fi
        """
    }

    /// Ours, for a system without any.
    static let customFile = MenuFile(path: custom, text: ownership + "\n" + wayIn.map { $0 + "\n" }.joined())

    /// Those of these lines that a custom.cfg lacks.
    static func missing(in custom: String) -> [String] {
        let lines = custom.split(whereSeparator: \.isNewline).filter { !$0.drop(while: \.isWhitespace).hasPrefix("#") }
        return zip([current, earlier], wayIn).filter { file, _ in
            !lines.contains { $0.contains("/\(display(file.name))") && $0.contains("source") }
        }.map { $0.1 }
    }

    private static func text(of entry: BootEntry, in menu: BootMenu) throws(Failure) -> String {
        if entry.isUnified {
            throw Failure(
                "could not write the entry '\(entry.title)' for GRUB: its kernel is in a unified kernel image",
                hint: "deploy its image again")
        }
        var words: [String] = []
        for word in entry.options.unquoted {
            // grub_create_loader_cmdline puts a backslash before these, which the kernel takes for itself.
            if word.has("'") || word.has("\\") {
                throw Failure(
                    "could not write the kernel option '\(word)' for GRUB: it changes ' and \\ on the way to the kernel",
                    hint: "leave it out: docker-btrfs setup --options TEXT"
                )
            }
            words.append(quoted(word))
        }
        let initrds = entry.initrds.map { quoted($0.description) }
        let initrd = initrds.isEmpty ? "" : "    initrd \(initrds.joined(separator: " "))\n"
        let access = menu.isUnrestricted ? " --unrestricted" : ""
        // openSUSE's GRUB looks for paths below a btrfs's default subvolume where this says so; ours go from the top level.
        return """

            menuentry \(quoted(entry.title)) --class docker-btrfs\(access) --id \(quoted(entry.id)) {
                insmod part_gpt
                insmod part_msdos
                insmod btrfs
                insmod fat
                insmod ext2
                set btrfs_relative_path=n
                search --no-floppy --fs-uuid --set=root \(quoted(menu.volume.uuid))
                linux \(([quoted(entry.kernel.description)] + words).joined(separator: " "))
            \(initrd)}

            """
    }

    /// In single quotes, where only they mean something; plain where nothing in it does.
    private static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "./:=-_,".unicodeScalars.contains(scalar))
        }
        return plain && !text.isEmpty ? text : "'" + text.escaping("'", as: "'\\''") + "'"
    }
}
