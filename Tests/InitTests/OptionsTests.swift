import Basics
import Testing

@testable import docker_btrfs_init

struct OptionsTests {
    private func failure(_ arguments: [String]) -> String? {
        #expect(throws: Failure.self) { try Options(arguments) }?.description
    }

    @Test func `without arguments the machine is booted`() throws {
        let options = try Options([])
        #expect(options.action == .boot)
        for value in [options.commandLine, options.configuration, options.report, options.topLevel, options.topLayer] {
            #expect(value == nil)
        }
    }

    @Test(
        arguments: [("--dry-run", .dryRun), ("--mark-good", .markGood), ("--help", .help), ("--version", .version)]
            as [(String, Options.Action)])
    func `an option for each thing to do`(argument: String, action: Options.Action) throws {
        #expect(try Options([argument]).action == action)
    }

    @Test(arguments: [
        ("--cmdline", "root=LABEL=x a=\"b c\""), ("--config", "/etc/x.json"), ("--report", "/x.json"), ("--top-level", "/mnt"),
        ("--cmdline", ""), ("--config", "--dry-run"),
    ])
    func `a value is the next argument, or follows an equals sign`(key: String, value: String) throws {
        let apart = try Options(["--dry-run", key, value])
        #expect(try Options(["\(key)=\(value)", "--dry-run"]) == apart)
        #expect([apart.commandLine, apart.configuration, apart.report, apart.topLevel].compactMap { $0 } == [value])
    }

    @Test func `every option at once`() throws {
        let options = try Options([
            "--cmdline", "docker_path=d", "--config=c", "--report", "r", "--top-level=l", "--top-layer", "t", "--dry-run",
        ])
        #expect(options.action == .dryRun)
        #expect(options.commandLine == "docker_path=d")
        #expect(options.configuration == "c")
        #expect(options.report == "r")
        #expect(options.topLevel == "l")
        #expect(options.topLayer == "t")
    }

    @Test func `the last value of an option counts`() throws {
        #expect(try Options(["--config", "a", "--config=b"]).configuration == "b")
    }

    @Test(arguments: ["--cmdline", "--config", "--report", "--top-level", "--top-layer"])
    func `a value that is missing`(option: String) {
        #expect(failure(["--dry-run", option]) == "\(option) needs a value")
    }

    @Test(arguments: ["-h", "--dryrun", "--dry-run=yes", "--Help", "boot", "", "-", "--", "--cmdlin", "=x"])
    func `an option that there is not`(argument: String) {
        #expect(failure([argument]) == "there is no option '\(argument)'")
        #expect(failure(["--dry-run", argument, "--help"]) == "there is no option '\(argument)'")
    }

    @Test(arguments: [
        ["--top-level", "/mnt"], ["--top-layer", "/mnt"], ["--top-layer=a", "--top-level=b", "--cmdline=c"],
        ["--mark-good", "--top-level=b"],
    ])
    func `directories in place of filesystems are for looking only`(arguments: [String]) {
        #expect(failure(arguments) == "--top-level and --top-layer go with --dry-run: a boot mounts its filesystems itself")
    }

    @Test(arguments: [["--dry-run", "--mark-good"], ["--mark-good", "--dry-run"]])
    func `what changes nothing marks no boot`(arguments: [String]) {
        #expect(failure(arguments) == "--dry-run does not go with --mark-good")
    }

    @Test func `help is help, whatever else is asked for`() throws {
        #expect(try Options(["--dry-run", "--help"]).action == .help)
    }

    @Test func `a top layer's directory needs a top level's`() {
        #expect(failure(["--dry-run", "--top-layer", "/mnt"]) == "--top-layer goes with --top-level")
    }

    @Test func `help names every option, in lines that fit a console`() {
        let options = [
            "--dry-run", "--mark-good", "--cmdline TEXT", "--config FILE", "--report FILE", "--top-level DIR", "--top-layer DIR",
        ]
        for option in options { #expect(Options.usage.contains("\n  \(option) "), "\(option)") }
        #expect(Options.usage.contains("\n  --help, --version\n"))
        #expect(Options.usage.split(separator: "\n").allSatisfy { $0.utf8.count <= 128 })
    }
}
