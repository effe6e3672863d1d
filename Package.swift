// swift-tools-version: 6.2
import PackageDescription

// One package, two builds. The init side (everything that docker-btrfs-init links) is compiled as ordinary Swift for the
// tests and the companion, and, with DOCKER_BTRFS_EMBEDDED=1, as Embedded Swift for the initramfs: see docs/decisions/.
let embedded = Context.environment["DOCKER_BTRFS_EMBEDDED"] != nil
// A third one is for libFuzzer, which brings its own main: `make fuzz`.
let fuzzing = Context.environment["DOCKER_BTRFS_FUZZ"] != nil

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let initSide: [SwiftSetting] =
    embedded
    ? strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-function-sections"])]
    : strict

// Without symbols but in a debug build: docs/debugging.md. What becomes the same code twice is in the program once, where no address of it is
// compared (--icf=safe).
let staticProgram: [LinkerSetting] =
    embedded
    ? [
        .unsafeFlags(["-static-executable", "-Xlinker", "--gc-sections", "-Xlinker", "--no-eh-frame-hdr", "-Xlinker", "--icf=safe"]),
        .unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release)),
    ] : []

var targets: [Target] = [
    // Linked from their archives, so that the companion runs in an image without them.
    .target(
        name: "CLinux",
        linkerSettings: ["btrfsutil", "blkid", "jansson", embedded ? "md" : "nettle"].map { .linkedLibrary(":lib\($0).a") }
    ),
    .target(name: "Basics", dependencies: ["CLinux"], swiftSettings: initSide),
    .target(name: "Planning", dependencies: ["Basics"], swiftSettings: initSide),
    .target(name: "Images", dependencies: ["Basics", "CLinux"], swiftSettings: initSide),
    .target(name: "Boot", dependencies: ["Basics", "Planning", "Images", "CLinux"], swiftSettings: initSide),
    .target(name: "Linux", dependencies: ["Basics", "Planning", "CLinux"], swiftSettings: initSide),
    .target(
        name: "BootRun",
        dependencies: ["Basics", "Planning", "Boot", "Linux", "CLinux"],
        swiftSettings: initSide
    ),
    .target(name: "InitProcess", dependencies: ["Basics", "Boot", "CLinux", "Linux"], swiftSettings: initSide),
    .executableTarget(
        name: "docker-btrfs-init",
        dependencies: ["Basics", "Planning", "Boot", "BootRun", "InitProcess", "Linux", "CLinux"],
        swiftSettings: initSide,
        linkerSettings: staticProgram
    ),
]
// Each does one thing of docker-btrfs-init alone, for what is done to a process from outside: it is killed, and measured.
targets += [
    .executableTarget(
        name: "merge-layers",
        dependencies: ["Basics", "CLinux", "Linux"],
        path: "Tests/MergeLayers",
        swiftSettings: initSide,
        linkerSettings: staticProgram
    ),
    .executableTarget(
        name: "look-up",
        dependencies: ["Basics", "CLinux", "Images"],
        path: "Tests/LookUp",
        swiftSettings: initSide,
        linkerSettings: staticProgram
    ),
]
var dependencies: [Package.Dependency] = []

if embedded {
    // What the crash test must catch, for its guest. Nothing installs it.
    targets.append(
        .executableTarget(
            name: "careless-init",
            dependencies: ["Basics", "Boot", "BootRun", "CLinux", "Planning"],
            path: "Tests/CrashTests/Careless",
            swiftSettings: initSide,
            linkerSettings: staticProgram + [.unsafeFlags(["-Xlinker", "--wrap=syncfs"])]
        )
    )
} else if fuzzing {
    targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: ["Basics", "Boot", "CLinux", "Images", "Planning"],
            path: "Tests/Fuzz",
            exclude: ["Replay", "corpus", "dictionaries", "run"],
            sources: ["Targets", "Fuzzer"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
} else {
    // CLinux reads the system's headers with _GNU_SOURCE. Beside Foundation, which reads them too, both must see the same.
    let sameHeaders: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-D_GNU_SOURCE"])]
    dependencies = [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Without its part for Foundation, which would be most of the companion.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        // The paths and descriptors that Subprocess takes.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ]
    targets += [
        // Changes files of a system: each one whole or not at all.
        .target(name: "Files", dependencies: ["Basics", "CLinux"], swiftSettings: strict + sameHeaders),
        // Runs the programs of a system.
        .target(
            name: "Programs",
            dependencies: [
                "Basics", "CLinux",
                .product(name: "Subprocess", package: "swift-subprocess"), .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict + sameHeaders
        ),
        // liblzma, libz and libzstd.
        .target(
            name: "CCompression",
            // libz is in every system that has packages or modules.
            linkerSettings: ["lzma", "zstd"].map { .linkedLibrary(":lib\($0).a") } + [.linkedLibrary("z")]
        ),
        // What is read piece by piece, since it is larger than what should be in memory.
        .target(name: "Decompression", dependencies: ["Basics", "CCompression", "CLinux"], swiftSettings: strict + sameHeaders),
        // What a store recorded of a layer's files, and whether they are so.
        .target(
            name: "LayerContent",
            dependencies: ["Basics", "Boot", "Decompression", "Images", "Planning"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "LayerContentTests",
            dependencies: ["Basics", "Decompression", "LayerContent", "TestSupport"],
            swiftSettings: strict + sameHeaders
        ),
        // Reads, checks and builds initramfs images.
        .target(
            name: "Initramfs",
            dependencies: ["Basics", "Boot", "CCompression", "CLinux", "Decompression", "Files", "InitProcess", "Linux", "Programs"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "InitramfsTests",
            dependencies: ["Basics", "Boot", "Files", "InitProcess", "Initramfs", "TestSupport"],
            swiftSettings: strict + sameHeaders
        ),
        // The files of hooks/ and install/.
        .target(name: "CHooks"),
        // Puts docker-btrfs into a system's initramfs.
        .target(
            name: "Installation",
            dependencies: ["Basics", "CHooks", "CLinux", "Files", "Initramfs", "Programs"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "InstallationTests",
            dependencies: ["Basics", "Fixtures", "Installation", "TestSupport"],
            swiftSettings: strict + sameHeaders
        ),
        // The boot menu: entries for each boot loader.
        .target(name: "BootEntries", dependencies: ["Basics"], swiftSettings: strict + sameHeaders),
        .testTarget(
            name: "BootEntriesTests",
            dependencies: ["Basics", "BootEntries", "TestSupport"],
            exclude: ["Golden"],
            swiftSettings: strict + sameHeaders
        ),
        // libmount.
        .target(name: "CMount", linkerSettings: [.linkedLibrary("mount")]),
        // Loop devices, mounts, and filesystems that stand still.
        .target(name: "CDisk"),
        // Images that are made ready to boot: their kernels, their layers, the boot menu.
        .target(
            name: "Deployments",
            dependencies: [
                "Basics", "Boot", "BootEntries", "BootRun", "CDisk", "CHooks", "CLinux", "CMount", "Files", "Images", "Initramfs",
                "LayerContent", "Linux", "Planning", "Programs",
            ],
            swiftSettings: strict + sameHeaders
        ),
        // Disks that boot an image.
        .target(
            name: "DiskImages",
            dependencies: [
                "Basics", "Boot", "BootEntries", "CCompression", "CDisk", "CHooks", "CLinux", "Deployments", "Files", "Images", "Initramfs",
                "Linux", "Planning", "Programs",
            ],
            swiftSettings: strict + sameHeaders
        ),
        // What a process does between its fork and its program.
        .target(name: "CEntering"),
        // A root that is entered and not booted.
        .target(
            name: "Entering",
            dependencies: ["Basics", "Boot", "BootRun", "CEntering", "CLinux", "Files", "Linux", "Planning"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(name: "EnteringTests", dependencies: ["Basics", "Entering", "Files"], swiftSettings: strict + sameHeaders),
        .executableTarget(
            name: "docker-btrfs",
            dependencies: [
                "Basics", "Boot", "BootEntries", "BootRun", "CLinux", "Deployments", "DiskImages", "Entering", "Files", "Images",
                "Initramfs", "Installation", "LayerContent", "Linux", "Planning", "Programs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict + sameHeaders,
            // The compiler's own linker. gold, which it takes otherwise, warns of a function that Swift's static Foundation calls,
            // and has no option to be quiet about it; nothing of that is ours to mend.
            linkerSettings: [
                .unsafeFlags(["-use-ld=lld"]),
                // setup puts it into each machine's top layer.
                .unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release)),
            ]
        ),
        .testTarget(
            name: "DeploymentsTests",
            dependencies: ["Basics", "BootEntries", "Boot", "Deployments", "Fixtures", "Images", "TestSupport"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "DiskImagesTests",
            dependencies: ["Basics", "Boot", "CLinux", "Deployments", "DiskImages", "Fixtures", "Images", "Programs"],
            swiftSettings: strict + sameHeaders),
        .testTarget(
            name: "CompanionTests",
            dependencies: ["Basics", "docker-btrfs", "TestSupport"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(name: "BasicsTests", dependencies: ["Basics"], swiftSettings: strict + sameHeaders),
        // Stores that real Dockers wrote, for the tests of more than one module.
        .target(
            name: "Fixtures",
            dependencies: ["Basics"],
            path: "Tests/Fixtures",
            exclude: ["stores"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "ImagesTests", dependencies: ["Basics", "Fixtures", "Images", "TestSupport"], swiftSettings: strict + sameHeaders),
        .testTarget(
            name: "BootTests",
            dependencies: ["Basics", "Boot", "Fixtures", "Images", "Planning"],
            exclude: ["Golden"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(
            name: "InitTests",
            dependencies: ["Basics", "Boot", "InitProcess", "Linux", "docker-btrfs-init"],
            swiftSettings: strict + sameHeaders),
        // The functions that are fuzzed, on the inputs that were kept.
        .testTarget(
            name: "FuzzTests",
            dependencies: ["Basics", "Boot", "CLinux", "Images", "Planning"],
            path: "Tests/Fuzz",
            exclude: ["Fuzzer", "corpus", "dictionaries", "run"],
            sources: ["Targets", "Replay"],
            swiftSettings: strict + sameHeaders
        ),
        // Runs programs, for the tiers that need root (LoopTests) and QEMU (GuestTests).
        .target(
            name: "TestSupport",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"), .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "LoopTests",
            dependencies: [
                "Basics", "Boot", "CLinux", "DiskImages", "Files", "Fixtures", "Images", "Initramfs", "Linux", "Planning", "TestSupport",
            ],
            swiftSettings: strict + sameHeaders
        ),
        // Replays the disk writes of a guest and checks what a power cut would have left.
        .executableTarget(
            name: "crash-test",
            dependencies: [
                "Basics", "Boot", "CLinux", "Linux", "Planning", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/CrashTests/Replay",
            swiftSettings: strict + sameHeaders
        ),
        // Measures docker-btrfs-init beside other ways of doing its job.
        .executableTarget(
            name: "bench",
            dependencies: ["Basics", "CLinux", "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Bench",
            exclude: ["careful", "disks", "guest", "predecessor", "run"],
            swiftSettings: strict + sameHeaders
        ),
        .testTarget(name: "GuestTests", dependencies: ["TestSupport"], swiftSettings: strict + sameHeaders),
    ]
}

let package = Package(name: "docker-btrfs", dependencies: dependencies, targets: targets)
