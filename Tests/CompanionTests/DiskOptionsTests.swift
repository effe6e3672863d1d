import ArgumentParser
import Basics
import Foundation
import TestSupport
import Testing

@testable import docker_btrfs

struct DiskOptionsTests {
    @Test(arguments: ["desk", "desk-1.example.org", "1", String(repeating: "a", count: 64)])
    func `a machine has a name that others can say`(name: String) throws {
        #expect(try ImageCommand.parse(["x", "--output", "x.raw", "--hostname=\(name)"]).choices.hostname == name)
    }

    @Test(arguments: ["", "-", ".", "-desk", "desk.", "a b", "d\u{e9}sk", String(repeating: "a", count: 65)])
    func `and no other`(name: String) {
        #expect(throws: (any Error).self) { try ImageCommand.parse(["x", "--output", "x.raw", "--hostname=\(name)"]) }
    }

    @Test(
        arguments: [
            ([], nil), (["--firmware", "uefi", "--ssh", "2222"], nil), (["--plain", "ext4"], "--plain"),
            (["--namespace", "default"], "--namespace"), (["--systemd", "/efi"], "--systemd"),
            (["--size", "1G", "--hostname", "x"], "--size"), (["--grub", "/grub"], "--grub"), (["--service", "--fix"], "--service"),
        ] as [([String], String?)])
    func `what a disk is made with is known from how it is run`(options: [String], found: String?) throws {
        #expect(try RunCommand.parse(["x.raw"] + options).choices.firstOfMaking == found)
    }

    @Test func `what a disk that is thrown away cannot be is not offered for it`() throws {
        #expect(try ImageCommand.parse(["x", "--output", "x.qcow2", "--compress"]).compress)
        #expect(throws: (any Error).self) { try RunCommand.parse(["x", "--compress"]) }
    }

    @Test(arguments: [
        ("--size 20", "The value '20' is invalid for '--size <size>': a size is a number with M, G or T behind it, as 20G"),
        ("--size 20GB", "The value '20GB' is invalid for '--size <size>': a size is a number with M, G or T behind it, as 20G"),
        (
            "--publish 80",
            "The value '80' is invalid for '--publish <ports>': a port of this machine and one of the guest's are two numbers up to 65535, as 8080:80"
        ),
        ("--memory 1G", "The value '1G' is invalid for '--memory <number>': memory is a number of MiB, without a unit, as 2048"),
    ])
    func `what is no value is told its form`(option: String, expected: String) {
        let error = #expect(throws: (any Error).self) {
            try DockerBtrfs.parseAsRoot(["run", "x"] + option.split(separator: " ").map(String.init))
        }
        #expect(error.map { DockerBtrfs.message(for: $0) } == expected)
    }

    @Test func `and one is taken`() throws {
        let run = try RunCommand.parse(["x", "--size", "20G", "--publish", "8080:80", "--publish", "81:81", "--memory", "512"])
        #expect(run.choices.size?.bytes == 20 << 30 && run.publish.map(\.host) == [8080, 81] && run.memory == 512)
        #expect(try RunCommand.parse(["x"]).memory == 2048)
    }

    @Test func `how many are kept is no negative number`() {
        let error = #expect(throws: (any Error).self) { try DockerBtrfs.parseAsRoot(["prune", "--keep", "-1"]) }
        #expect(error.map { DockerBtrfs.message(for: $0) } == "--keep takes a number from 0 on")
    }

    @Test func `a busybox is for a service`() throws {
        let words = ["x", "--output", "x.raw", "--busybox", "/bin/busybox"]
        #expect(throws: (any Error).self) { try ImageCommand.parse(words) }
        #expect(try ImageCommand.parse(words + ["--service"]).choices.busybox == "/bin/busybox")
    }

    @Test(arguments: ["./disk", "/dev/null", "../disk.iso"])
    func `a path that does not say what disk it is is no image's name`(file: String) async throws {
        let command = try RunCommand.parse([file, "--data-root", "/nowhere"])
        let failure = Failure(
            "could not run '\(file)': it is a path, and does not end as the file of a disk does",
            hint: "name a disk's file by what it is, .raw .img .qcow2 .vdi .vmdk .vhd .vpc .vhdx; a device is not run")
        await #expect(throws: failure) { try await command.run() }
    }

    @Test func `a plain word is an image's name, whatever file has that name too`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data().write(to: folder.appending(path: "desktop"))
        let script = "cd \"$1\"; \"$2\" run desktop --dry-run --data-root \"$1\" 2>&1"
        let told = try await run(["bash", "-c", script, "bash", folder.path, Repository.ordinaryCompanion])
        #expect(told.status == 1 && told.output.hasPrefix("Error: could not ") && !told.output.contains("it is a path"), "\(told)")
    }

    @Test(arguments: ["missing.qcow2", "./missing.raw", "/nowhere/Missing.VDI"])
    func `the file of a disk that is not there is no image's name`(file: String) async throws {
        let command = try RunCommand.parse([file, "--data-root", "/nowhere"])
        let failure = Failure(
            "could not run '\(file)': there is no such file",
            hint: "an image is named as 'docker-btrfs images' lists it, without the ending of a disk")
        await #expect(throws: failure) { try await command.run() }
    }
}
