internal import Basics
internal import CLinux
internal import Programs

/// What mkinitcpio's presets name and what `mkinitcpio -P` makes of it: images, and unified kernel images.
///
/// Fails where a preset names a configuration of its own that has no docker-btrfs in it: mkinitcpio then reads no drop-in.
func presetImages(in tree: Directory) async throws(Failure) -> [Path] {
    let script = """
        shopt -s nullglob
        for preset in "$1"/etc/mkinitcpio.d/*.preset; do
            (
                . "$preset" > /dev/null
                for name in "${PRESETS[@]}"; do
                    kernel=${name}_kver uki=${name}_uki old=${name}_efi_image image=${name}_image config=${name}_config
                    [[ ${!kernel:-${ALL_kver:-}} ]] || continue
                    [[ -v $uki ]] || uki=$old
                    for variable in "$image" "$uki"; do
                        [[ -z ${!variable:-} ]] || printf '%s\\n' "${!variable}" "${preset#"$1"}" "${!config:-${ALL_config:-}}"
                    done
                done
            )
        done
        """
    let found = try await lines(ofBash: script, "/proc/\(getpid())/fd/\(tree.descriptor)")
    var images: [Path] = []
    for index in stride(from: 0, to: found.count - 2, by: 3) {
        guard let image = Path(found[index]) else { continue }
        images.append(image)
        if !found[index + 2].isEmpty { try check(configuration: found[index + 2], of: found[index + 1], in: tree) }
    }
    return images
}

private func check(configuration: String, of preset: String, in tree: Directory) throws(Failure) {
    guard let path = Path(configuration), let text = try tree.contents(of: path) else { return }
    let mentions = text.split(separator: UInt8(ascii: "\n")).filter { line in
        !line.drop { $0 == UInt8(ascii: " ") }.starts(with: "#".utf8) && line.contains(Array("docker-btrfs".utf8))
    }
    if !mentions.isEmpty { return }
    throw Failure(
        "could not install: '\(preset)' names the configuration '\(configuration)', beside which mkinitcpio reads no drop-in",
        hint: "put 'docker-btrfs' before 'filesystems' into HOOKS in '\(configuration)', or take '…_config=' out of the preset"
    )
}
