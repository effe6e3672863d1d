import Basics
import Testing

@testable import Boot

/// Whether what the image and the top layer have together can be booted.
struct ContentsSurveyTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    private func initProgram(_ line: String = "") throws -> Path? {
        try tree.facts("\(Tree.line) \(line)").contents.initProgram
    }

    /// Takes the init of the image away.
    private func removeInit() throws {
        try tree.remove("\(Tree.layer)/usr/sbin/init", "\(Tree.layer)/usr/lib/systemd/systemd")
    }

    @Test func `symlinks to an absolute path start at the image`() throws {
        try tree.remove("\(Tree.layer)/sbin", "\(Tree.layer)/usr/sbin/init")
        try tree.link("\(Tree.layer)/sbin", to: "/usr/sbin")
        try tree.link("\(Tree.layer)/usr/sbin/init", to: "/usr/lib/systemd/systemd")
        #expect(try initProgram() == "sbin/init")
    }

    @Test(arguments: ["/bin/sh", "../../../../../../../../../../bin/sh", "/proc/self/exe"])
    func `a symlink never leads out to a program of the running system`(target: String) throws {
        try removeInit()
        try tree.link("\(Tree.layer)/usr/sbin/init", to: target)
        #expect(try initProgram() == nil)
        #expect(try initProgram("init=/sbin/init") == nil)
    }

    @Test(arguments: ["sbin/init", "etc/init", "bin/init", "lib/systemd/systemd"])
    func `init is where the kernel and systemd look for it`(path: String) throws {
        try removeInit()
        #expect(try initProgram() == nil)
        try tree.program("\(Tree.layer)/\(path)")
        #expect(try initProgram()?.description == "/\(path)")
    }

    @Test func `with init= no other program will do`() throws {
        #expect(try initProgram("init=/usr/lib/systemd/systemd") == "usr/lib/systemd/systemd")
        #expect(try initProgram("init=/bin/dinit") == nil)
        try tree.program("boot_docker/bin/dinit")
        #expect(try initProgram("init=/bin/dinit") == "bin/dinit")
    }

    @Test func `a file that cannot be executed, or a directory, is no init`() throws {
        try removeInit()
        try tree.write("", to: "\(Tree.layer)/usr/sbin/init")
        try tree.make("\(Tree.layer)/etc/init")
        #expect(try initProgram() == nil)
    }

    @Test func `the top layer may bring init`() throws {
        try removeInit()
        try tree.program("boot_docker/sbin/init")
        #expect(try initProgram() == "sbin/init")
    }

    @Test(arguments: ["\(Tree.layer)/etc", "\(Tree.layer)/usr/lib", "boot_docker/etc", "boot_docker/usr/lib"])
    func `os-release is in either place, of the image or of the top layer`(folder: String) throws {
        try tree.remove("\(Tree.layer)/etc/os-release", "\(Tree.layer)/usr/lib/os-release")
        #expect(try !tree.facts().contents.hasOSRelease)
        try tree.write("ID=sample\n", to: "\(folder)/os-release")
        #expect(try tree.facts().contents.hasOSRelease)
    }

    @Test func `an os-release that is a symlink out of the image is none`() throws {
        try tree.remove("\(Tree.layer)/etc/os-release", "\(Tree.layer)/usr/lib/os-release")
        try tree.link("\(Tree.layer)/etc/os-release", to: "../../../../../../../../usr/lib/os-release")
        #expect(try !tree.facts().contents.hasOSRelease)
    }

    @Test func `what a request does not ask for is not looked at`() throws {
        try tree.remove("\(Tree.layer)/etc/os-release", "\(Tree.layer)/usr/lib/os-release")
        try tree.write("ID=sample\n", to: "boot_docker/etc/os-release")
        let line = "root=LABEL=linux rootflags=subvol=x docker_path=docker docker_image=bb3:v1"
        #expect(try !tree.facts(line).contents.hasOSRelease)
    }
}
