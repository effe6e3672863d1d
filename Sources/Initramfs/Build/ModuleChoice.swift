internal import Basics
internal import Boot
internal import Linux

/// The modules that a recipe asks for, in the order in which /init loads them. Only the root's filesystem and what the user named must load:
/// whether a driver finds its device is not known here.
func loadOrder(of modules: KernelModules, for recipe: Recipe) throws(Failure) -> LoadOrder {
    let settings = try ModuleSettings(for: modules, in: recipe.tree)
    var order = LoadOrder(modules, settings)
    if recipe.drivers != .hostOnly {
        for name in DriverList.generic + DriverList.filesystems { order.add(name, .optional) }
    }
    if recipe.drivers != .generic {
        for file in try hostDrivers(modules, settings) { order.add(file: file, .optional) }
        for name in try hostFilesystems(recipe) where !order.add(name, .optional) { order.add("fs-\(name)", .optional) }
    }
    for name in DriverList.keyboards { order.add(name, .optional) }
    for name in recipe.addedModules where !order.add(name, .required) {
        throw Failure("could not find the module '\(name)' of the kernel '\(modules.release)'")
    }
    let root = recipe.rootFilesystem
    if !order.add(root, .required) {
        throw Failure(
            "could not find \(root) in the kernel '\(modules.release)'",
            hint: "take a kernel that has it, as a module or built in")
    }
    return order
}

private func hostDrivers(_ modules: KernelModules, _ settings: ModuleSettings) throws(Failure) -> [String] {
    modules.diskDrivers(for: try modaliases(below: Directory(opening: "/sys/devices")))
        .filter { !settings.blacklist.contains(KernelModules.name(ofFile: $0)) }.sorted()
}

/// Those that the running kernel has a use for, and the top layer's.
private func hostFilesystems(_ recipe: Recipe) throws(Failure) -> [String] {
    let known = knownFilesystems(try fileContents("/proc/filesystems") ?? [])
    let text = if let line = recipe.commandLine { Array(line.utf8) } else { try fileContents("/proc/cmdline") ?? [] }
    let line = KernelCommandLine(text)
    let found = DriverList.filesystems.filter { known.contains($0) } + [topLayerFilesystem(line)].compactMap { $0 }
    return found.contains("vfat") ? found + DriverList.encodings : found
}

/// The filesystem of the top layer that a kernel command line names; nil where it names none, or its device is not here.
func topLayerFilesystem(_ line: KernelCommandLine) -> String? {
    guard let layer = topLayer(line) else { return nil }
    if let type = layer.filesystemType { return type }
    return (try? BlockDevices.device(of: layer.device))?.filesystemType
}

/// What is wrong with these keys, a boot tells.
private func topLayer(_ line: KernelCommandLine) -> Request.TopLayer? {
    do throws(Failure) { return try Request.TopLayer(line) } catch { return nil }
}
