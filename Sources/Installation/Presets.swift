internal import Basics
internal import CLinux
internal import Programs

/// What mkinitcpio's presets name and what `mkinitcpio -P` makes of it: images, and unified kernel images.
func presetImages(in tree: Directory) async throws(Failure) -> [Path] {
    let script = """
        shopt -s nullglob
        for preset in "$1"/etc/mkinitcpio.d/*.preset; do
            (
                . "$preset" > /dev/null
                for name in "${PRESETS[@]}"; do
                    kernel=${name}_kver uki=${name}_uki old=${name}_efi_image image=${name}_image
                    [[ ${!kernel:-${ALL_kver:-}} ]] || continue
                    [[ -v $uki ]] || uki=$old
                    for variable in "$image" "$uki"; do
                        [[ -z ${!variable:-} ]] || printf '%s\\n' "${!variable}"
                    done
                done
            )
        done
        """
    let images = try await lines(ofBash: script, "/proc/\(getpid())/fd/\(tree.descriptor)")
    return images.filter { !$0.isEmpty }.compactMap { Path($0) }
}
