internal import Basics
internal import Boot
internal import Images
internal import Initramfs

/// Whether the beginning of a program says that it is for other processors than this machine's.
func isOfOtherMachine(_ head: [UInt8]) -> Bool { hostArchitecture == "amd64" && isForOtherThanX86(head) }

extension [ImageFiles] {
    /// Fails where the init, `asked` or the usual one, is for other processors: an engine takes an archive that it imports for one of its own
    /// machine, whatever is in it.
    func checkMachine(of name: String, _ asked: Path?) throws(Failure) {
        for path in asked.map({ [$0] }) ?? usualInits {
            for tree in self {
                guard try tree.target(of: path)?.isExecutableFile == true, let program = try tree.file(at: path) else { continue }
                if isOfOtherMachine(try program.bytes(at: 0, 1 << 10)) {
                    throw Failure(
                        "could not use the image '\(name)': its init '\(path)' is for other processors than this machine's",
                        hint: "build or pull it with --platform linux/\(hostArchitecture)")
                }
                return
            }
        }
    }
}
