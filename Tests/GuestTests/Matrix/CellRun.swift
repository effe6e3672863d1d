import Foundation
import TestSupport
import Testing

extension Cell {
    /// Boots this cell's machine, and returns how many seconds that took.
    func run() async throws -> Int {
        var seconds = 0
        try FileManager.default.createDirectory(atPath: Prepared.folder, withIntermediateDirectories: true)
        try await Machine.with(copyOf: "\(row.disks)/\(column.disk).img") { machine in
            let start = ContinuousClock.now
            switch column {
            case .refuses: try await refuse(machine)
            case .late: try await bootWithLateDisk(machine)
            case .hibernation: try await hibernate(machine)
            default: try await boot(machine)
            }
            seconds = Int((ContinuousClock.now - start).components.seconds)
        }
        return seconds
    }

    private func boot(_ machine: Machine) async throws {
        var machine = machine
        if let disk = column.otherDisk { machine.disks.insert(try await copy(of: disk, machine), at: 0) }
        var line = column.line
        switch column {
        case .encrypted:
            let uuid = try String(contentsOfFile: "\(row.disks)/luks.uuid", encoding: .utf8)
            line += " " + row.unlocking(uuid.trimmingCharacters(in: .newlines))
        case .volumes: line += " " + row.activating
        default: break
        }
        #expect(try await result(of: machine, line) == "passed\n")
    }

    private func bootWithLateDisk(_ machine: Machine) async throws {
        let late = try await LateDisk(copy(of: "ext4", machine), of: machine, log: machine.command([], log: log).log)
        // On a busy machine it takes the program some seconds to begin.
        async let plugged: Void = late.plug(when: row.start, after: 15)
        #expect(try await result(of: machine, column.line, qemu: late.qemu) == "passed\n")
        try await plugged
    }

    /// No root is booted, the framework says so, and the old root is put away where no mount finds it by its name.
    private func refuse(_ machine: Machine) async throws {
        let console = machine.command([], log: log).log
        var options: [String] = []
        var typist: Task<Void, any Error>?
        switch row.end {
        case .off: break
        // The same line, whose colours come before this.
        case .wait: options = ["--until", "Emergency Mode"]
        case .shell:
            let input = "\(machine.folder)/input"
            try await output(of: ["mkfifo", input])
            try await output(of: ["rm", "-f", console])
            options = ["--input", input]
            typist = Task { try await leaveShell(console: console, input: input) }
        }
        let line = column.line + (row.end == .off ? Console.ending : "")
        #expect(try await result(of: machine, line, options) == "")
        try await typist?.value
        let text = try Console(log: console).text
        let tries = row.end == .shell ? 2 : 1
        #expect(text.ranges(of: "could not find image 'matrx:latest' in /docker").count >= tries)
        #expect(text.ranges(of: row.lastWords).count >= tries)
        let left = try await machine.change("ls; cat .docker-btrfs/roots/docker_rwlayer/1/precious")
        #expect(left == "boot_docker\ndocker\nordinary\nprecious\n")
    }

    /// Leaves the emergency shell, and where the next one comes, switches the machine off.
    private func leaveShell(console: String, input: String) async throws {
        let script = """
            exec 3<> "$3"
            tries() { grep --only-matching --fixed-strings --text --no-messages -e "$1" "$2" | wc --lines; }
            number=0
            for words in exit 'poweroff -f'; do
                number=$((number + 1))
                until [ "$(tries "$1" "$2")" -ge $number ]; do sleep 0.2; done
                sleep 2
                echo "$words" >&3
            done
            """
        let bash = ["timeout", "600", "setpriv", "--pdeathsig", "TERM", "bash"]
        try await output(of: bash + ["-euc", script, "bash", row.lastWords, console, input])
    }

    var log: String { testDescription.filter { $0 != "`" } }

    func copy(of disk: String, _ machine: Machine) async throws -> String {
        let copy = "\(machine.folder)/\(disk).img"
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", "\(row.disks)/\(disk).img", copy])
        return copy
    }

    /// Without another script, the column's own is run; `log` names the console's log.
    func result(
        of machine: Machine, _ line: String, _ options: [String] = [], script: String? = nil, log: String? = nil, qemu: [String] = []
    ) async throws -> String {
        let start = try await start(machine, line)
        return try await machine.result(
            of: script ?? row.script + column.script, start.options + options, log: log ?? self.log, qemu: start.qemu + qemu)
    }
}

extension Machine {
    /// The line in which the guest says how a script ended; nothing where the script did not run. The guest's init is the lab's
    /// `matrix-guest`.
    func result(of lines: String, _ options: [String], log: String, qemu: [String] = []) async throws -> String {
        let script = "\(folder)/script"
        // A disk has whole sectors.
        try Data((lines + String(repeating: "\n", count: 512 - lines.utf8.count % 512)).utf8).write(to: URL(filePath: script))
        let boot = command(options + ["--timeout", "300", "--script", script], log: log)
        try await output(of: boot.command + (qemu.isEmpty ? [] : ["--"] + qemu))
        // UEFI firmware writes to this port too.
        let port = try String(decoding: Data(contentsOf: URL(filePath: "\(script).told")), as: UTF8.self)
        return port.firstRange(of: "result: ").map { String(port[$0.upperBound...]).replacing("\r\n", with: "\n") } ?? ""
    }
}
