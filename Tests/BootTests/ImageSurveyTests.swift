import Basics
import Foundation
import Planning
import Testing

@testable import Boot
@testable import Images

/// Whether what the image and the top layer have together can be booted.
struct ImageSurveyTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    private let noInit = """
        could not use the image 'bb3:v1': it has no init: there is no program '/sbin/init'
        hint: install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line
        """

    private func noProgram(_ program: String) -> String {
        """
        could not use 'init=\(program)': neither the image 'bb3:v1' nor the top layer has that program
        hint: correct it, or leave it out
        """
    }

    private let noOSRelease = """
        could not use the image 'bb3:v1': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without
        hint: add an /etc/os-release in the Dockerfile or in the top layer
        """

    private func refusal(_ more: String = "") throws -> String? { try tree.refusal("\(Tree.line) \(more)") }

    /// Takes the init of the image away.
    private func removeInit() throws {
        try tree.remove("\(Tree.layer)/usr/sbin/init", "\(Tree.layer)/usr/lib/systemd/systemd")
    }

    private func removeOSRelease() throws {
        try tree.remove("\(Tree.layer)/etc/os-release", "\(Tree.layer)/usr/lib/os-release")
    }

    @Test func `a whole system`() throws {
        let source = Facts.Source(
            reference: try ImageReference("bb3:v1"),
            imageID: try .digits("a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"),
            chainID: try .digits("f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe"),
            root: .subvolume(Place(try #require(Path(Tree.layer)))),
            contents: Facts.Contents(
                missingDirectories: [], placeholders: [], leftovers: [], identity: [], modules: .notNeeded, owner: getuid(),
                lacksMachineID: true
            )
        )
        #expect(try tree.facts().wanted.get() == source)
    }

    @Test func `symlinks to an absolute path start at the image`() throws {
        try tree.remove("\(Tree.layer)/sbin", "\(Tree.layer)/usr/sbin/init")
        try tree.link("\(Tree.layer)/sbin", to: "/usr/sbin")
        try tree.link("\(Tree.layer)/usr/sbin/init", to: "/usr/lib/systemd/systemd")
        #expect(try refusal() == nil)
        #expect(try refusal("init=/sbin/init") == nil)
    }

    @Test(arguments: ["/bin/sh", "../../../../../../../../../../bin/sh", "/proc/self/exe"])
    func `a symlink never leads out to a program of the running system`(target: String) throws {
        try removeInit()
        try tree.link("\(Tree.layer)/usr/sbin/init", to: target)
        #expect(try refusal() == noInit)
        #expect(try refusal("init=/sbin/init") == noProgram("/sbin/init"))
    }

    @Test(arguments: ["sbin/init", "etc/init", "bin/init", "lib/systemd/systemd"])
    func `init is where the kernel and systemd look for it`(path: String) throws {
        try removeInit()
        #expect(try refusal() == noInit)
        try tree.program("\(Tree.layer)/\(path)")
        #expect(try refusal() == nil)
    }

    @Test(arguments: [("init=/usr/bin/dinit", "/usr/bin/dinit"), ("init=/a/b init=/c", "/c")])
    func `with init= no other program will do`(text: String, program: String) throws {
        #expect(try refusal("init=/usr/lib/systemd/systemd") == nil)
        #expect(try refusal(text) == noProgram(program))
        try tree.program("boot_docker/\(program)")
        #expect(try refusal(text) == nil)
    }

    @Test func `a file that cannot be executed, or a directory, is no init`() throws {
        try removeInit()
        try tree.write("", to: "\(Tree.layer)/usr/sbin/init")
        try tree.make("\(Tree.layer)/etc/init")
        #expect(try refusal() == noInit)
    }

    @Test func `the top layer may bring init`() throws {
        try removeInit()
        try tree.program("boot_docker/sbin/init")
        #expect(try refusal() == nil)
    }

    @Test(arguments: ["\(Tree.layer)/etc", "\(Tree.layer)/usr/lib", "boot_docker/etc", "boot_docker/usr/lib"])
    func `os-release is in either place, of the image or of the top layer`(folder: String) throws {
        try removeOSRelease()
        #expect(try refusal() == noOSRelease)
        try tree.write("ID=sample\n", to: "\(folder)/os-release")
        #expect(try refusal() == nil)
    }

    @Test func `an os-release that is a symlink out of the image is none`() throws {
        try removeOSRelease()
        try tree.link("\(Tree.layer)/etc/os-release", to: "../../../../../../../../usr/lib/os-release")
        #expect(try refusal() == noOSRelease)
    }

    @Test func `what a request does not ask for is not looked at`() throws {
        try removeOSRelease()
        try tree.write("ID=sample\n", to: "boot_docker/etc/os-release")
        let line = "root=LABEL=linux rootflags=subvol=x docker_path=docker docker_image=bb3:v1"
        #expect(try tree.refusal(line) == noOSRelease)
    }

    @Test func `an image that was made for containers`() throws {
        try tree.remove("\(Tree.layer)/proc", "\(Tree.layer)/dev", "\(Tree.layer)/tmp")
        try tree.link("\(Tree.layer)/tmp", to: "/nowhere")
        try tree.write("", to: "\(Tree.layer)/.dockerenv")
        let contents = try tree.contents()
        #expect(contents.missingDirectories == ["proc", "dev"])
        #expect(contents.leftovers == [".dockerenv"])
    }

    @Test(
        arguments: [
            ([], .notNeeded), (["\(Tree.layer)/usr/lib/modules"], .notNeeded),
            (["\(Tree.layer)/usr/lib/modules/6.18.44"], .present), (["\(Tree.layer)/lib/modules/6.18.44"], .present),
            (["\(Tree.layer)/usr/lib/modules/6.18.43"], .absent), (["\(Tree.layer)/lib/modules/6.18.44-1"], .absent),
            (["boot_docker/lib/modules/6.18.44"], .present), (["boot_docker/usr/lib/modules/6.1"], .absent),
            (["\(Tree.layer)/usr/lib/modules/6.18.43", "boot_docker/lib/modules/6.18.44"], .present),
            (["\(Tree.layer)/usr/lib/modules/6.18.43", "\(Tree.layer)/usr/lib/modules/6.18.44"], .present),
        ] as [([String], Facts.Modules)])
    func `the modules of the running kernel, of the image or of the top layer`(directories: [String], modules: Facts.Modules) throws {
        for directory in directories {
            try tree.make(directory)
            if directory != "\(Tree.layer)/usr/lib/modules" { try tree.write("", to: "\(directory)/modules.dep") }
        }
        #expect(try tree.contents().modules == modules)
        #expect(try tree.contents(on: Facts.Host(kernelRelease: nil, time: 0)).modules == .notNeeded)
    }

    @Test func `modules behind a symlink that stays in the image`() throws {
        try tree.write("", to: "\(Tree.layer)/usr/lib/modules/6.18.44/modules.builtin")
        try tree.link("\(Tree.layer)/lib", to: "/usr/lib")
        #expect(try tree.contents().modules == .present)
        try tree.remove("\(Tree.layer)/usr/lib/modules/6.18.44")
        try tree.link("\(Tree.layer)/usr/lib/modules/6.18.44", to: "../../../../../../../../..")
        try tree.write("", to: "\(Tree.layer)/modules.dep")
        #expect(try tree.contents().modules == .present, "the top of the image is a directory")
    }

    @Test(arguments: ["updates/dkms/wl.ko", "modules.weakdep", "build/Makefile", "modules.dep/file"])
    func `what is left in the folder of a kernel that is gone makes no kernel`(leftover: String) throws {
        try tree.write("x", to: "\(Tree.layer)/usr/lib/modules/6.18.44/\(leftover)")
        #expect(try tree.contents().modules == .notNeeded)
        try tree.write("", to: "\(Tree.layer)/usr/lib/modules/6.1.0-99/modules.dep")
        #expect(try tree.contents().modules == .absent)
    }

    @Test(arguments: ["modules.dep", "modules.dep.bin", "modules.builtin"])
    func `a kernel's folder has depmod's index, or the list of what is built in`(index: String) throws {
        try tree.write("", to: "boot_docker/lib/modules/6.18.44/\(index)")
        #expect(try tree.contents().modules == .present)
    }

    @Test func `an image that has a file or a loop in the place of its modules has none`() throws {
        try tree.write("", to: "\(Tree.layer)/usr/lib/modules")
        #expect(try tree.contents().modules == .notNeeded)
    }

    @Test(arguments: [
        ("", false), ("init=/usr/lib/systemd/systemd", false), ("init=/sbin/init", false), ("init=/usr/bin/other", true),
        ("init=/alias", false),
    ])
    func `init= may name the image's own init in another way, or another program`(text: String, isOther: Bool) throws {
        try tree.program("\(Tree.layer)/usr/bin/other")
        try tree.link("\(Tree.layer)/alias", to: "/usr/sbin/init")
        #expect(try tree.contents("\(Tree.line) \(text)").startsOther == isOther)
    }

    @Test func `systemd without a machine-id`() throws {
        #expect(try tree.contents().lacksMachineID)
        try tree.program("\(Tree.layer)/usr/bin/other")
        #expect(try !tree.contents("\(Tree.line) init=/usr/bin/other").lacksMachineID, "another init needs none")
        try tree.write("", to: "boot_docker/etc/machine-id")
        #expect(try !tree.contents().lacksMachineID)
    }

    @Test func `the keys of an image that cannot be looked for are no reason to refuse it`() throws {
        try tree.link("\(Tree.layer)/etc/ssh", to: "ssh")
        let contents = try tree.contents()
        #expect(contents.identity == [])
        #expect(contents.notes.count == 1)
        #expect(contents.notes.first?.hasSuffix("whether image 'bb3:v1' brings what only one machine should have is not known") == true)
    }
}

/// Images are for one kind of machine.
struct PlatformTests {
    #if arch(x86_64)
        private let here = "amd64"
        private let elsewhere = "arm64"
    #else
        private let here = "arm64"
        private let elsewhere = "amd64"
    #endif

    private func image(_ os: String, _ architecture: String) throws -> Image {
        let digest = Digest.of(Array("anything".utf8))
        return Image(
            reference: try ImageReference("sample_image:latest"), id: ImageID(digest), chainID: ChainID(digest), tree: .subvolume("x"),
            os: os,
            architecture: architecture, store: .dockerBtrfs
        )
    }

    @Test func `an image for another machine`() throws {
        for (os, architecture, platform) in [
            ("linux", elsewhere, "linux/\(elsewhere)"), ("windows", here, "windows/\(here)"), ("linux", "arm", "linux/arm"),
            ("", elsewhere, "linux/\(elsewhere)"), ("freebsd", "", "freebsd/\(here)"), ("a\nb", "\u{1b}[2J", "a\\x0ab/\\x1b[2J"),
        ] {
            let failure = #expect(throws: Failure.self) { try checkPlatform(image(os, architecture)) }
            #expect(
                failure?.description == """
                    could not use the image 'sample_image:latest': it is for \(platform), and this machine is linux/\(here)
                    hint: build or pull it with --platform linux/\(here)
                    """)
        }
    }

    @Test func `an image for this machine, or one that does not say`() {
        for (os, architecture) in [("linux", here), ("linux", ""), ("", here), ("", "")] {
            #expect(throws: Never.self) { try checkPlatform(image(os, architecture)) }
        }
    }
}
