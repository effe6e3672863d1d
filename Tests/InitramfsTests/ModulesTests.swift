import Basics
import Foundation
import InitProcess
import TestSupport
import Testing

@testable import Initramfs

/// A tree with a few modules, whose dependencies and aliases are those of Debian's 6.1.
struct ModulesTests {
    private let scratch: Scratch
    private let tree: Directory

    init() throws {
        scratch = try Scratch()
        let lines = [
            "modules.dep": """
            kernel/fs/btrfs/btrfs.ko.xz: kernel/crypto/xor.ko kernel/lib/raid6/raid6_pq.ko kernel/lib/libcrc32c.ko
            kernel/crypto/xor.ko:
            kernel/lib/raid6/raid6_pq.ko:
            kernel/lib/libcrc32c.ko:
            kernel/arch/x86/crypto/crc32c-intel.ko:
            kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio.ko
            kernel/drivers/virtio/virtio.ko:
            kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko
            kernel/drivers/net/e1000.ko:
            kernel/drivers/mmc/host/sdhci-acpi.ko:
            updates/dkms/more.ko:
            updates/dkms/screen.ko:
            """,
            "modules.alias": """
            # Aliases extracted from modules themselves.
            alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
            alias virtio:d00000002v* virtio_blk
            alias crypto-crc32c crc32c_intel
            alias acpi*:80860F14:* sdhci_acpi
            alias pci:v00001103d*sv*sd*bc*sc*i* more
            alias pci:v000010DEd*sv*sd*bc*sc*i* screen
            alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000
            alias fs-btrfs btrfs
            """,
            "modules.softdep": """
            softdep libcrc32c pre: crypto-crc32c
            softdep btrfs pre: xxhash64 post: e1000
            """,
            "modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/drivers/input/serio/i8042.ko\n",
            "modules.builtin.modinfo": "ext4.license=GPL\0ext4.alias=fs-ext4\0ext4.file=fs/ext4/ext4\0",
        ]
        for (name, text) in lines { try scratch.write(Array(text.utf8), to: "usr/lib/modules/6.1/\(name)") }
        try FileManager.default.createSymbolicLink(atPath: scratch.file("lib"), withDestinationPath: "usr/lib")
        tree = try Directory(opening: scratch.path, label: "T")
    }

    private func order() throws -> LoadOrder {
        let modules = try KernelModules(release: "6.1", in: tree)
        return try LoadOrder(modules, ModuleSettings(for: modules, in: tree))
    }

    @Test func `an alias of what is part of the kernel stands for nothing to load`() throws {
        var order = try order()
        let isThere = order.add("fs-ext4", .required)
        let isElsewhere = order.add("fs-none", .required)
        #expect(isThere && !isElsewhere)
        #expect(order.files == [])
    }

    @Test func `what a module needs comes before it, hard and soft`() throws {
        var order = try order()
        let isThere = order.add("btrfs", .required)
        #expect(isThere)
        #expect(
            order.files == [
                "kernel/crypto/xor.ko", "kernel/lib/raid6/raid6_pq.ko", "kernel/arch/x86/crypto/crc32c-intel.ko", "kernel/lib/libcrc32c.ko",
                "kernel/fs/btrfs/btrfs.ko.xz", "kernel/drivers/net/e1000.ko",
            ])
    }

    @Test func `what may fail is marked, and what something required needs is not`() throws {
        var order = try order()
        order.add("virtio_blk", .optional)
        order.add("libcrc32c", .optional)
        order.add("btrfs", .required)
        let optional = order.files.filter { order.need(of: $0) == .optional }
        #expect(
            optional == [
                "kernel/drivers/virtio/virtio.ko", "kernel/drivers/block/virtio_blk.ko", "kernel/arch/x86/crypto/crc32c-intel.ko",
                "kernel/drivers/net/e1000.ko",
            ])
    }

    @Test(arguments: [
        "btrfs", "fs-btrfs", "virtio-blk", "virtio_blk", "more", "ext4", "pci:v00001AF4d00001001sv00001AF4sd0002bc01sc00i00",
        "acpi:80860F14:INT33BB:",
    ])
    func `a module is found by its name, however it is written, and by an alias`(name: String) throws {
        var order = try order()
        let isThere = order.add(name, .optional)
        #expect(isThere)
        #expect(order.files.isEmpty == (name == "ext4"))
    }

    @Test func `a name that there is not`() throws {
        var order = try order()
        let isThere = order.add("nothing", .optional)
        #expect(!isThere)
        #expect(order.files.isEmpty)
    }

    @Test func `modprobe.d gives parameters; a file in etc takes the place of one in usr`() throws {
        try scratch.write(Array("options virtio-blk a=1\nsoftdep virtio_blk pre: xor\n".utf8), to: "usr/lib/modprobe.d/a.conf")
        try scratch.write(Array("options e1000 hidden=1\n".utf8), to: "usr/lib/modprobe.d/b.conf")
        try scratch.write(Array("options virtio_blk b=\"x\" c\n".utf8), to: "etc/modprobe.d/b.conf")
        try scratch.write(Array("options e1000 not=this\n".utf8), to: "etc/modprobe.d/README")
        var order = try order()
        order.add("virtio_blk", .optional)
        #expect(order.files.first == "kernel/crypto/xor.ko")
        #expect(order.entry(for: "kernel/drivers/block/virtio_blk.ko", at: "x.ko").line == "?(virtio)/x.ko a=1 b=\"x\" c")
        #expect(order.entry(for: "kernel/drivers/net/e1000.ko", at: "x.ko").line == "?/x.ko")
    }

    @Test(arguments: [
        // The usual mask, also where the tree has no /dev.
        ("mkdir dev; mkfifo dev/null; ln -s /dev/null etc/modprobe.d/a.conf", ""),
        ("ln -s /dev/null etc/modprobe.d/a.conf", ""), ("mkfifo etc/modprobe.d/a.conf", ""), (": > etc/modprobe.d/a.conf", ""),
        // What takes no place.
        ("mkdir etc/modprobe.d/a.conf", " a=1"), ("ln -s gone etc/modprobe.d/a.conf", " a=1"),
        ("echo options virtio_blk b=1 > etc/modprobe.d/.b.conf", " a=1"),
        ("mkdir usr/lib/modprobe.d/b.conf", " a=1"),
    ])
    func `what libkmod passes over in modprobe.d`(script: String, parameters: String) async throws {
        try scratch.write(Array("options virtio-blk a=1\n".utf8), to: "usr/lib/modprobe.d/a.conf")
        try await scratch.shell("mkdir -p etc/modprobe.d; \(script)")
        #expect(try order().entry(for: "kernel/drivers/block/virtio_blk.ko", at: "x.ko").line == "?(virtio)/x.ko\(parameters)")
    }

    @Test func `a backslash at the end of a line of modprobe.d goes on with the next`() throws {
        let text = "# no\\\noptions e1000 hidden=1\noptions virtio_blk \\\n  a=1 \\\n b=1\noptions virtio_blk c=1\\"
        try scratch.write(Array(text.utf8), to: "etc/modprobe.d/a.conf")
        #expect(try order().entry(for: "kernel/drivers/block/virtio_blk.ko", at: "x.ko").line == "?(virtio)/x.ko a=1 b=1 c=1")
        #expect(try order().entry(for: "kernel/drivers/net/e1000.ko", at: "x.ko").line == "?/x.ko")
    }

    @Test func `devices are found wherever they are below others, and only disks' drivers are taken`() throws {
        try scratch.write(Array("pci:v00001AF4d00001001sv00001AF4sd0002bc01sc00i00\n".utf8), to: "devices/pci0/0:1/modalias")
        try scratch.write(Array("virtio:d00000002v00001AF4\n".utf8), to: "devices/pci0/0:1/virtio0/modalias")
        try scratch.write([], to: "devices/pci0/0:1/virtio0/block/modalias")
        try FileManager.default.createSymbolicLink(atPath: scratch.file("devices/pci0/back"), withDestinationPath: "../../devices")
        let found = try modaliases(below: Directory(opening: scratch.file("devices")))
        #expect(found == ["pci:v00001AF4d00001001sv00001AF4sd0002bc01sc00i00", "virtio:d00000002v00001AF4"])
        let modules = try KernelModules(release: "6.1", in: tree)
        let files = found.sorted().flatMap { modules.files(matching: $0) }
        #expect(files == ["kernel/drivers/virtio/virtio_pci.ko", "kernel/drivers/block/virtio_blk.ko"])
        #expect(modules.diskDrivers(for: found) == Set(files))
        #expect(!DriverList.leadsToDisks("kernel/drivers/net/e1000.ko", for: "pci:v00008086d0000100Esv1sd1bc02sc00i00"))
        #expect(!DriverList.leadsToDisks("kernel/drivers/atabla/x.ko", for: "pci:v00008086d00000001sv1sd1bc01sc00i00"))
    }

    @Test(arguments: [
        ("acpi:80860F14:INT33BB:", "kernel/drivers/mmc/host/sdhci-acpi.ko"),
        // Of a driver that is not the kernel's own, the path tells nothing, and the device its class.
        ("pci:v00001103d00000001sv00000000sd00000000bc01sc04i00", "updates/dkms/more.ko"),
        ("pci:v000010DEd00000001sv00000000sd00000000bc03sc00i00", nil),
    ])
    func `the driver of a disk`(device: String, file: String?) throws {
        let modules = try KernelModules(release: "6.1", in: tree)
        #expect(modules.diskDrivers(for: [device]) == Set([file].compactMap { $0 }))
    }

    @Test func `a chain of a hundred thousand modules, and one that goes round`() throws {
        let chain = (0..<100_000).map { "kernel/m\($0).ko: kernel/m\($0 + 1).ko\n" }.joined()
        try scratch.write(Array("\(chain)kernel/m100000.ko: kernel/m0.ko\n".utf8), to: "usr/lib/modules/6.1/modules.dep")
        var order = try order()
        order.add("m0", .optional)
        #expect(order.files.count == 100_001)
        #expect(order.files.first == "kernel/m100000.ko" && order.files.last == "kernel/m0.ko")
    }

    @Test(.timeLimit(.minutes(1))) func `names that hundreds ask for, and that stand for hundreds, take no hours`() throws {
        let numbers = 0..<500
        let names = numbers.map { "n\($0)" }.joined(separator: " ")
        let lines = [
            "modules.dep": numbers.map { "kernel/m\($0).ko:" }, "modules.alias": numbers.map { "alias n* m\($0)" },
            "modules.softdep": numbers.map { "softdep m\($0) pre: \(names)" },
        ]
        for (name, lines) in lines { try scratch.write(Array(lines.joined(separator: "\n").utf8), to: "usr/lib/modules/6.1/\(name)") }
        var order = try order()
        order.add("m0", .optional)
        #expect(order.files == numbers.reversed().map { "kernel/m\($0).ko" })
    }

    @Test func `what is before two modules by one name comes before both`() throws {
        let lines = [
            "modules.dep": "kernel/a.ko:\nkernel/b.ko:\nkernel/c.ko:\nkernel/d.ko:\n", "modules.alias": "alias both c\nalias both d\n",
            "modules.softdep": "softdep a pre: b both\nsoftdep b pre: both\nsoftdep c post: both\n",
        ]
        for (name, text) in lines { try scratch.write(Array(text.utf8), to: "usr/lib/modules/6.1/\(name)") }
        var order = try order()
        order.add("a", .optional)
        #expect(order.files == ["c", "d", "b", "a"].map { "kernel/\($0).ko" })
    }

    @Test func `filesystems without a disk are not taken`() {
        #expect(knownFilesystems(Array("nodev\tsysfs\n\text4\n\tvfat\n".utf8)) == ["ext4", "vfat"])
    }

    @Test func `a kernel that there is not`() {
        #expect(throws: Failure("could not find the kernel '6.2' in 'T/lib/modules'", hint: "kernels there: 6.1")) {
            try KernelModules(release: "6.2", in: tree)
        }
        #expect(throws: Failure("could not find the kernel '../6.1' in 'T/lib/modules'", hint: "kernels there: 6.1")) {
            try KernelModules(release: "../6.1", in: tree)
        }
    }

    @Test func `a kernel whose name no list of modules can say`() throws {
        try scratch.write([], to: "usr/lib/modules/6.1 mine/modules.dep")
        let reason = "its name has a blank, which no initramfs of docker-btrfs can say"
        #expect(throws: Failure("could not use the kernel '6.1 mine': \(reason)")) { try KernelModules(release: "6.1 mine", in: tree) }
    }

    @Test func `modules that depmod did not see`() throws {
        try FileManager.default.createDirectory(atPath: scratch.file("usr/lib/modules/6.3"), withIntermediateDirectories: true)
        #expect(throws: Failure("could not find 'T/lib/modules/6.3/modules.dep'", hint: "run depmod 6.3")) {
            try KernelModules(release: "6.3", in: tree)
        }
        #expect(try Recipe(tree: tree, release: nil, program: "x").release == "6.1")
        try scratch.write([], to: "usr/lib/modules/6.3/modules.dep")
        #expect(
            throws: Failure("could not choose a kernel in 'T/lib/modules': there are several: 6.1, 6.3", hint: "name it with --kernel")
        ) { try Recipe(tree: tree, release: nil, program: "x") }
    }
}
