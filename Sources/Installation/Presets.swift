internal import Basics
internal import Files
internal import Programs

/// What mkinitcpio's presets name and what `mkinitcpio -P` makes of it: images, and unified kernel images.
///
/// A preset may name a configuration of its own, beside which mkinitcpio reads no drop-in. Fails where that has no docker-btrfs in it, and
/// where docker-btrfs is taken out of the images (not `isLasting`), where it has: mkinitcpio fails for a hook or a file that is gone.
func presetImages(isLasting: Bool, in tree: Directory) async throws(Failure) -> [Path] {
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
    let found = try await lines(ofBash: script, tree.pathForPrograms)
    var images: [Path] = []
    for index in stride(from: 0, to: found.count - 2, by: 3) {
        guard let image = Path(found[index]) else { continue }
        images.append(image)
        if found[index + 2].isEmpty { continue }
        try check(configuration: found[index + 2], of: found[index + 1], isLasting: isLasting, in: tree)
    }
    return images
}

private func check(configuration: String, of preset: String, isLasting: Bool, in tree: Directory) throws(Failure) {
    guard let path = Path(configuration), let text = try tree.contents(of: path) else { return }
    let words = text.split(separator: UInt8(ascii: "\n")).flatMap { line in
        line.prefix { $0 != UInt8(ascii: "#") }.split { " \t\"'()=".utf8.contains($0) }
    }
    let hasHook = words.contains { $0.elementsEqual("docker-btrfs".utf8) }
    // It may read our drop-in by itself.
    let dropIn = [UInt8(ascii: "/")] + mkinitcpioDropIn.name
    let readsDropIn = words.contains { $0.suffix(dropIn.count).elementsEqual(dropIn) }
    if (hasHook || readsDropIn) == isLasting { return }
    if !isLasting {
        let (what, change) =
            hasHook
            ? ("has 'docker-btrfs' in HOOKS", "'docker-btrfs' out of HOOKS")
            : ("reads '\(mkinitcpioDropIn)'", "the line that reads '\(mkinitcpioDropIn)' out")
        throw Failure(
            "could not uninstall: '\(preset)' names the configuration '\(configuration)', which \(what) still",
            hint: "take \(change) in '\(configuration)', and run this again"
        )
    }
    throw Failure(
        "could not install: '\(preset)' names the configuration '\(configuration)', beside which mkinitcpio reads no drop-in",
        hint: "put 'docker-btrfs' before 'filesystems' into HOOKS in '\(configuration)', or take '…_config=' out of the preset"
    )
}
