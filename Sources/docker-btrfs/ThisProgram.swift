import ArgumentParser
import Basics
import Glibc
import Initramfs

/// The file of the running program.
func thisProgram() throws(Failure) -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    if count < 0 { throw .system("read '/proc/self/exe'") }
    return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// docker-btrfs-init in its directory, where a build and a package have both.
func initBesideThisProgram() throws(Failure) -> String {
    try thisProgram().split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/docker-btrfs-init"
}

/// docker-btrfs-init, which goes into what is made.
struct InitProgram: ParsableArguments {
    @Option(
        name: .customLong("init"), help: ArgumentHelp("docker-btrfs-init, if it is not beside this program.", valueName: "file"),
        completion: .file())
    var path: String?

    /// The one that was given; else the one beside this program, or where it is installed.
    func found() throws(Failure) -> String {
        if let path { return path }
        let beside = try initBesideThisProgram()
        return access(beside, F_OK) == 0 ? beside : programPath.description
    }
}
