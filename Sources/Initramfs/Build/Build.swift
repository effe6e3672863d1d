public import Basics
internal import Boot

/// An initramfs that was made, not yet compressed.
public struct Build: Sendable {
    public private(set) var archive: [UInt8] = []
    /// What somebody who asked for it should know.
    public private(set) var notes: [String] = []
    public private(set) var moduleCount = 0
    public private(set) var firmwareCount = 0
    private var entries: [CPIOEntry] = []
    private let recipe: Recipe

    public init(_ recipe: Recipe) async throws(Failure) {
        self.recipe = recipe
        entries = [
            .directory("proc"), .directory("run"), .directory("sys"), .directory("sysroot"), .directory("tmp", mode: 0o1777),
            CPIOEntry("dev/console", mode: CPIOEntry.Kind.characterDevice.rawValue | 0o600, device: .init(major: 5, minor: 1)),
            .symlink("bin", to: "usr/bin"), .symlink("lib", to: "usr/lib"), .directory("usr/bin"), .directory("usr/lib"),
        ]
        try addProgram()
        try addConfiguration()
        try addShell()
        try await addModules()
        addParents()
        archive = CPIOWriter.archive(entries, time: recipe.time)
    }

    /// As /init, and where its other uses look for it: one file.
    private mutating func addProgram() throws(Failure) {
        entries += try initProgram(recipe.program)
    }

    private mutating func addConfiguration() throws(Failure) {
        let path = configurationFile
        let name = recipe.configuration ?? recipe.tree.show(path)
        let found = if let file = recipe.configuration { try fileContents(file) } else { try recipe.tree.contents(of: path) }
        guard let content = found else {
            if recipe.configuration != nil { throw Failure("could not find the configuration '\(name)'") }
            return notes.append("there is no '\(name)': docker_image= on the kernel command line has to name the image")
        }
        if let image = try Configuration(parsing: content, name: name).image {
            // Fails here and not at the boot.
            _ = try ImageReference(image)
        } else {
            notes.append("'\(name)' names no image")
        }
        entries.append(.file(path, mode: 0o600, content))
    }

    private mutating func addShell() throws(Failure) {
        if recipe.shell == .none { return }
        let place: Path = "bin/busybox"
        let content = try staticBusybox(recipe.tree.contents(of: place), called: recipe.tree.show(place))
        entries += [.file("usr/bin/busybox", mode: 0o755, content), .symlink("usr/bin/sh", to: "busybox")]
    }

    private mutating func addModules() async throws(Failure) {
        let modules = try KernelModules(release: recipe.release, in: recipe.tree)
        let order = try loadOrder(of: modules, for: recipe)
        var collection = ModuleCollection(recipe.tree, modules)
        for file in order.files { try await collection.add(file, by: order) }
        if !collection.missingFirmware.isEmpty {
            notes.append("firmware that some hardware asks for is not there: \(collection.missingFirmware.joined(separator: ", "))")
        }
        entries += collection.entries
        entries.append(.file(modulesListPath, Array((collection.list.joined(separator: "\n") + "\n").utf8)))
        if let content = try recipe.tree.contents(of: modules.folder / "modules.builtin") {
            entries.append(.file(imageFolder(of: modules) / "modules.builtin", content))
        }
        moduleCount = order.files.count
        firmwareCount = collection.firmwareCount
    }

    /// The kernel makes no directory by itself.
    private mutating func addParents() {
        var known = Set(entries.map(\.path))
        for entry in entries {
            var parent = entry.path.parent
            while !parent.isTop, known.insert(parent).inserted {
                entries.append(.directory(parent))
                parent = parent.parent
            }
        }
    }
}

/// Where the modules are in the image, whatever the tree has.
func imageFolder(of modules: KernelModules) -> Path { "usr" / modules.folder }

/// docker-btrfs-init as the entries of an initramfs. Fails where the file is something else, or is not there.
private func initProgram(_ file: String) throws(Failure) -> [CPIOEntry] {
    guard let bytes = try fileContents(file) else {
        throw Failure("could not find docker-btrfs-init as '\(file)'", hint: "name it with --init")
    }
    var entries: [CPIOEntry] = []
    for path in ["init", programPath] as [Path] {
        let mode = CPIOEntry.Kind.file.rawValue | 0o755
        let entry = CPIOEntry(path, mode: mode, content: bytes[...], inode: 1, links: 2)
        let finding = program(entry, at: Path(file) ?? path)
        if finding.mark == .missing { throw Failure("could not take '\(file)' for /init: \(finding.text)") }
        entries.append(entry)
    }
    return entries
}

/// Fails where no initramfs can be built with that docker-btrfs-init.
public func checkInitProgram(_ file: String) throws(Failure) { _ = try initProgram(file) }

/// A busybox that needs no library. Fails where the content is none, or nil.
package func staticBusybox(_ content: [UInt8]?, called name: String) throws(Failure) -> [UInt8] {
    guard let content else { throw Failure("could not find '\(name)'", hint: "install the package 'busybox-static' or 'busybox'") }
    guard let elf = ELF(content[...]), elf.isStatic else {
        throw Failure("could not take '\(name)' for a shell: it is not a static program", hint: "install 'busybox-static'")
    }
    return content
}
