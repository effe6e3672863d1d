internal import Basics
internal import Files
internal import Programs

/// What dracut's settings say of the images that it makes.
struct DracutSettings {
    /// `uefi=yes`: unified kernel images, unless told otherwise.
    let makesUnified: Bool
    /// What may follow the kernel's version in the name of one; first what dracut would take.
    private let endings: [String]
    /// Where those may be, likewise.
    private let folders: [Path]
    private let isDebian: Bool
    /// What kernel-install may have named this system's folder of kernels after.
    private let tokens: [String]

    init(in tree: Directory) async throws(Failure) {
        let script = """
            cd "$1" || exit
            unset uefi machine_id BUILD_ID IMAGE_ID ID
            {
                [[ ! -e etc/dracut.conf ]] || . etc/dracut.conf
                folders=(etc/dracut.conf.d usr/lib/dracut/dracut.conf.d run/initramfs/dracut.conf.d)
                # The first file of each name.
                while read -r name; do
                    for folder in "${folders[@]}"; do
                        if [[ -e $folder/$name ]]; then . "$folder/$name"; break; fi
                    done
                done < <(for folder in "${folders[@]}"; do (cd "$folder" 2> /dev/null && printf '%s\\n' *.conf); done | sort -Vu)
                for file in etc/os-release usr/lib/os-release; do
                    [[ ! -e $file ]] || eval "$(grep -E '^(BUILD_ID|IMAGE_ID|ID)=' "$file")"
                done
            } > /dev/null
            printf '%s\\n' "${uefi:-}" "${machine_id:-}" "${BUILD_ID:-}" "${IMAGE_ID:-}" "${ID:-}"
            """
        let settings = try await lines(ofBash: script, tree.pathForPrograms)
        guard settings.count > 5 else { throw Failure("could not read dracut's settings") }
        makesUnified = settings[0] == "yes"
        isDebian = try tree.status(of: "etc/debian_version") != nil
        let machine = try tree.machineID()
        tokens = try ([tree.entryToken(), machine].compactMap { $0 } + settings[3...4]).filter { !$0.isEmpty }
        let build = settings[2].isEmpty ? [""] : ["-\(settings[2])", ""]
        endings = try Self.machines(machine, settings[1], in: tree).flatMap { machine in build.map { machine + $0 } }
        folders = try Self.folders(in: tree)
    }

    private static func machines(_ machine: String?, _ setting: String, in tree: Directory) throws(Failure) -> [String] {
        let all = (machine.map { ["-\($0)"] } ?? []) + ["-Default", ""]
        var first = all[0]
        for partition in Directory.systemPartitions where try tree.target(of: partition / "Default")?.kind == .directory {
            first = "-Default"
        }
        if setting == "no" { first = "" }
        return [first] + all.filter { $0 != first }
    }

    private static func folders(in tree: Directory) throws(Failure) -> [Path] {
        let mounted = try tree.target(of: "efi").map { efi throws(Failure) in try efi.device != tree.status(of: .top)?.device } ?? false
        let boot: [Path] =
            try tree.target(of: "boot/efi/EFI")?.kind == .directory
            ? ["boot/efi/EFI/Linux", "boot/EFI/Linux"] : ["boot/EFI/Linux", "boot/efi/EFI/Linux"]
        return mounted ? ["efi/EFI/Linux"] + boot : boot + ["efi/EFI/Linux"]
    }

    /// Where a kernel's images may be; first what dracut would make.
    func candidates(_ kernel: String) -> [String] {
        let unified = folders.flatMap { folder in endings.map { "\(folder)/linux-\(kernel)\($0).efi" } }
        let first = isDebian ? "boot/initrd.img-\(kernel)" : "boot/initramfs-\(kernel).img"
        let others = ["boot/initramfs-\(kernel).img", "boot/initrd.img-\(kernel)", "boot/initrd-\(kernel)"]
        // Where the boot loader specification has them.
        let entries = tokens.flatMap { token in Directory.systemPartitions.map { "\($0)/\(token)/\(kernel)/initrd" } }
        let separate = [first] + others.filter { $0 != first } + entries
        return makesUnified ? unified + separate : separate + unified
    }

    /// What makes an image anew, as what it is.
    func command(_ image: InitramfsFile) -> [String] {
        let kind = image.path.isUnified == makesUnified ? [] : [makesUnified ? "--no-uefi" : "--uefi"]
        return ["dracut", "--force"] + kind + [image.path.description, image.kernel]
    }
}
