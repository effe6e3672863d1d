internal import Basics

/// What mkinitcpio's presets name: images, and unified kernel images. Presets are bash, which mkinitcpio sources too.
func presetImages(in folder: String) async throws(Failure) -> [Path] {
    let script = """
        for preset in "$@"; do
            (
                . "$preset"
                for name in "${PRESETS[@]}"; do
                    for kind in image uki efi_image; do
                        variable=${name}_$kind
                        [[ -z ${!variable:-} ]] || printf '%s\\n' "${!variable}"
                    done
                done
            )
        done
        """
    let names = try Directory(opening: folder).names().map { String(decoding: $0, as: UTF8.self) }
    let files = names.filter { $0.hasSuffix(".preset") }.map { "\(folder)/\($0)" }
    let lines = try await output(of: ["bash", "-c", script, "bash"] + files).split(separator: UInt8(ascii: "\n"))
    return lines.compactMap { Path($0) }
}
