import Foundation
import TestSupport
import Testing

/// dracut where the kernel command line is not all that it goes by, and how it ends a boot that failed.
struct DracutTests {
    static let root = "root=LABEL=matrix rootflags=subvol=docker_rwlayer rw"
    static let words = "docker_path=docker toplayer=LABEL=matrix toplayer_path=boot_docker"

    private static let boots = each(
        [
            FileBoot(.dracutSystemd, "all keys in the files", line: "", file: "\(root)\n\(words)"),
            FileBoot(.dracutPlain, "the name in the files", line: "root=LABEL=matrix rw \(words)", file: "rootflags=subvol=docker_rwlayer"),
        ],
        byNight: [
            FileBoot(.dracutPlain, "all keys in the files", line: "", file: "\(root)\n\(words)"),
            FileBoot(.dracutSystemd, "the root on the line", line: root, file: words),
        ])

    @Test(arguments: boots)
    func `keys in its files count, and a new root is booted`(boot: FileBoot) async throws {
        try await Machine.with(copyOf: FileBoot.disk) { machine in
            let result = try await boot.result(on: machine)
            #expect(result == "passed\n")
        }
    }

    /// systemd would mount the default subvolume, in which there is a system.
    @Test func `a root's name that systemd does not read is refused`() async throws {
        try await Machine.with(copyOf: FileBoot.disk) { machine in
            try await machine.change("btrfs subvolume set-default ordinary")
            let line = "root=LABEL=matrix rw \(Self.words)" + Console.ending
            let boot = FileBoot(.dracutSystemd, "", line: line, file: "rootflags=subvol=docker_rwlayer")
            #expect(try await boot.result(on: machine) == "")
            let message = """
                could not boot '/docker_rwlayer' of LABEL=matrix: systemd would mount '/dev/disk/by-label/matrix' with ''
                hint: say both root= and rootflags= on the kernel command line, and not in dracut's files alone
                """
            #expect(try boot.console(of: machine).lastWords(as: message) == message)
        }
    }

    private static let ends = each(
        [(Row.dracutPlain, " rd.emergency=poweroff", "reboot: Power down")],
        byNight: [(.dracutPlain, "", "reboot: System halted"), (.dracutSystemd, "", "reboot: System halted")])

    /// The root of an earlier boot has its name still: whatever went on would boot it.
    @Test(arguments: ends)
    func `with rd.shell=0 a boot that failed ends as rd.emergency= says`(row: Row, emergency: String, end: String) async throws {
        try await Machine.with(copyOf: FileBoot.disk) { machine in
            let line = "\(Self.root) \(Self.words) docker_mode=none panic=-1 rd.shell=0" + emergency
            let boot = FileBoot(row, emergency, line: line, file: "")
            let result = try await boot.result(on: machine, ["--until", end])
            #expect(result == "")
            #expect(try boot.console(of: machine).text.contains("could not use 'docker_mode=none': it must be one of fresh, persist"))
            #expect(try await machine.change("cat docker_rwlayer/precious") == "precious\n")
        }
    }
}

/// A boot of the boot matrix's disk by an initramfs of dracut that has a file more, and that of a machine that is no more.
struct FileBoot: CustomTestStringConvertible {
    static let disk = "\(Row.dracutSystemd.disks)/booted.img"
    private static let stale = "root=LABEL=old rootfstype=btrfs rootflags=rw,subvolid=300,subvol=/ordinary,subvol=ordinary"

    let row: Row
    let name: String
    let line: String
    let file: String

    init(_ row: Row, _ name: String, line: String, file: String) {
        self.row = row
        self.name = name
        self.line = line + " console=ttyS0"
        self.file = file
    }

    var testDescription: String { "\(row.rawValue) \(name)" }

    func result(on machine: Machine, _ options: [String] = []) async throws -> String {
        let start = ["--kernel", row.kernel, "--initrd", try await initramfs(machine), "--append", line]
        return try await machine.result(of: Column.newRoot(number: 2, "from the top layer"), start + options, log: testDescription)
    }

    func console(of machine: Machine) throws -> Console { try Console(log: machine.command([], log: testDescription).log) }

    private func initramfs(_ machine: Machine) async throws -> String {
        let script = """
            mkdir -p "$1/etc/cmdline.d"; cd "$1"
            echo "$2" > etc/cmdline.d/20-stale.conf; echo "$3" > etc/cmdline.d/30-docker.conf
            { cat "$4"; find etc | cpio --quiet -o -H newc | zstd -q; } > initrd.img
            """
        let folder = "\(machine.folder)/cmdline"
        try await output(of: ["bash", "-euc", script, "bash", folder, Self.stale, file, row.file])
        return "\(folder)/initrd.img"
    }
}
