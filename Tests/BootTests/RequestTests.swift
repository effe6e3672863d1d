import Basics
import Images
import Testing

@testable import Boot

struct RequestTests {
    /// The request of the shortest command line with something added.
    private func request(_ line: String) throws -> Request {
        try #require(try Request("root=LABEL=linux rootflags=subvol=name docker_path=docker \(line)"))
    }

    @Test func `the article's line`() throws {
        #expect(
            try Request(article)
                == Request(
                    root: RootArguments(KernelCommandLine(article.utf8)), name: "docker_rwlayer", rootOptions: [],
                    dockerDevice: nil, dockerPath: "docker", store: StoreChoice(), deployed: nil,
                    image: ImageReference("sample_image:latest"),
                    isImageChosen: false,
                    topLayer: .init(device: .label("linux"), path: "boot_docker", filesystemType: nil, options: []),
                    earlierRoot: nil, kernel: .loader, mode: .fresh, onFailure: .previous, keep: 1, tries: 3,
                    bootFolders: ["boot_docker/boot"], hostname: nil, machineID: nil, notes: [], isForRepair: false
                ))
    }

    @Test func `every key at once`() throws {
        let line = """
            BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro rootfstype=btrfs,ext4 rootflags=compress=zstd,rw \
            "rootflags=subvol=/layers/my root,degraded" rootdelay=30 docker_path=/var/lib/docker docker_image=ghcr.io/x/y:z \
            toplayer=PARTLABEL=files toplayer_path="/etc of/this one/" toplayerfstype=ext4 toplayerflags=data=ordered,nobarrier init=/usr/bin/dinit \
            docker_root=7 docker_kernel=image docker_mode=persist docker_onfail=poweroff docker_keep=5 docker_tries=2 noresume \
            systemd.hostname=desk systemd.machine_id=2d4c64db7ecb294e9f43f31960545a27 -- single
            """
        #expect(
            try Request(line)
                == Request(
                    root: RootArguments(KernelCommandLine(line.utf8)), name: "layers/my root", rootOptions: ["compress=zstd", "degraded"],
                    dockerDevice: nil, dockerPath: "var/lib/docker", store: StoreChoice(), deployed: nil,
                    image: ImageReference("ghcr.io/x/y:z"),
                    isImageChosen: true,
                    topLayer: .init(
                        device: .partitionLabel("files"), path: "etc of/this one", filesystemType: "ext4",
                        options: ["data=ordered", "nobarrier"]
                    ),
                    earlierRoot: .number(7), kernel: .image, mode: .persist, onFailure: .powerOff, keep: 5, tries: 2, bootFolders: [.top],
                    hostname: "desk", machineID: "2d4c64db7ecb294e9f43f31960545a27", notes: [], isForRepair: false
                ))
    }

    @Test(arguments: ["", "root=LABEL=linux rootflags=subvol=x", "root=nonsense rootflags=subvolid=5", "quiet -- docker_path=docker"])
    func `without docker_path this boot is none of our business`(line: String) throws {
        #expect(try Request(line) == nil)
    }

    @Test(
        arguments: [
            ("LABEL=linux", .label("linux")), (#""LABEL=my disk""#, .label("my disk")), ("LABEL=a=b", .label("a=b")),
            ("UUID=30f5-77", .uuid("30f5-77")), ("PARTLABEL=root", .partitionLabel("root")), ("PARTUUID=a-02", .partitionUUID("a-02")),
            ("/dev/nvme0n1p2", .path("/dev/nvme0n1p2")), ("/dev/disk/by-label/linux", .path("/dev/disk/by-label/linux")),
        ] as [(String, DeviceName)])
    func `devices have names of five kinds`(text: String, device: DeviceName) throws {
        #expect(try request("root=\(text)").root.device == device)
        #expect(try request("toplayer=\(text)").topLayer?.device == device)
    }

    @Test(
        arguments: [
            ("subvol=name", "name", []), ("subvol=/name", "name", []), ("subvol=//a/./b/", "a/b", []), ("subvol=a b", "a b", []),
            ("ssd,name=x,subvol=name,,noatime", "name", ["ssd", "name=x", "noatime"]), ("rw,subvol=name,ro", "name", []),
            ("subvol=a=b,subvolume=c", "a=b", ["subvolume=c"]),
        ] as [(String, Path, [String])])
    func `the root's name is found among the flags of its filesystem`(flags: String, name: Path, others: [String]) throws {
        let request = try #require(try Request("root=LABEL=x rootflags=\"\(flags)\" docker_path=d"))
        #expect(request.name == name)
        #expect(request.rootOptions == others)
    }

    @Test func `several rootflags= are joined`() throws {
        let request = try #require(
            try Request("rootflags=ssd root=LABEL=x rootflags= docker_path=d rootflags rootflags=x,subvol=a"))
        #expect(request.name == "a")
        #expect(request.rootOptions == ["ssd", "x"])
    }

    @Test(arguments: [
        "", "rootfstype=btrfs", "rootfstype=auto", "rootfstype=ext4,btrfs", "rootfstype=", "rootfstype=ext4 rootfstype=btrfs",
    ])
    func `the root's filesystem is btrfs, or may be`(line: String) throws {
        #expect(try request(line).name == "name")
    }

    @Test(arguments: [
        ("docker_image=a:1", "a:1"), ("docker_image=a", "a"), ("docker_image=a docker_image=b", "b"), ("", "sample_image:latest"),
        ("docker_image=", "sample_image:latest"), ("docker_image", "sample_image:latest"),
    ])
    func `the image of the command line comes before that of the configuration`(line: String, image: String) throws {
        #expect(try request(line).image.text == image)
    }

    @Test(
        arguments: [
            ("LABEL=data:/docker", .label("data"), "docker"), ("UUID=30f5-77:/", .uuid("30f5-77"), .top),
            ("LABEL=a:b:/c", .label("a:b"), "c"), (#""LABEL=my disk:/my docker""#, .label("my disk"), "my docker"),
            ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1:/var:/lib", .path("/dev/disk/by-path/pci-0000:00:1f.2-ata-1"), "var:/lib"),
            ("LABEL=linux:/docker", nil, "docker"), ("a:/docker", nil, "a:/docker"), ("LABEL=data", nil, "LABEL=data"),
            ("LABEL=data:docker", nil, "LABEL=data:docker"), ("LABEL=:/docker", nil, "LABEL=:/docker"),
        ] as [(String, DeviceName?, Path)])
    func `a store may be on a device of its own, named before its path`(text: String, device: DeviceName?, path: Path) throws {
        let request = try request("docker_path=\(text)")
        #expect(request.dockerDevice == device)
        #expect(request.dockerPath == path)
    }

    @Test func `the top of a filesystem is a path too`() throws {
        #expect(try request("docker_path=/").dockerPath == .top)
        #expect(try request("toplayer=UUID=1 toplayer_path=/").topLayer?.path == .top)
        #expect(try request("toplayer=UUID=1").topLayer?.path == .top)
    }

    @Test func `a key is the same with hyphens`() throws {
        let line = """
            root=LABEL=linux rootflags=subvol=name docker-path=docker docker-image=a:1 docker-mode=persist docker-keep=2 docker-onfail=stop \
            toplayer=LABEL=x toplayer-path=y systemd.machine-id=2d4c64db-7ecb-294e-9f43-f31960545a27
            """
        let same = line.replacing("-path", with: "_path").replacing("docker-", with: "docker_").replacing("machine-id", with: "machine_id")
        let request = try #require(try Request(line))
        #expect(try request == Request(same))
        #expect(request.machineID == "2d4c64db-7ecb-294e-9f43-f31960545a27")
    }

    @Test func `empty values of what need not be there are nothing`() throws {
        #expect(try request("toplayer= toplayer_path= toplayerfstype= toplayerflags= init= init").topLayer == nil)
        #expect(try request("init=").root.initProgram == nil)
        let layer = try request("toplayer=LABEL=x toplayer_path= toplayerfstype=auto toplayerflags=").topLayer
        #expect(layer == .init(device: .label("x"), path: .top, filesystemType: nil, options: []))
    }
}
