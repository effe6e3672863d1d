internal import Basics

/// The modules that a recipe asks for, in the order in which /init loads them. Only btrfs and what the user named must load:
/// whether a driver finds its device is not known here.
func loadOrder(of modules: KernelModules, for recipe: Recipe, notes: inout [String]) throws(Failure) -> LoadOrder {
    let settings = try ModuleSettings(for: modules, in: recipe.tree)
    var order = LoadOrder(modules, settings)
    switch recipe.drivers {
    case .generic:
        for name in DriverList.generic + DriverList.filesystems { order.add(name, .optional) }
    case .hostOnly:
        for file in try hostDrivers(modules, settings) { order.add(file: file, .optional) }
        for name in try hostFilesystems() { order.add(name, .optional) }
    }
    if recipe.shell != .none { for name in DriverList.keyboards { order.add(name, .optional) } }
    for name in recipe.addedModules where !order.add(name, .required) {
        throw Failure("could not find the module '\(name)' of the kernel '\(modules.release)'")
    }
    if !order.add("btrfs", .required) {
        throw Failure("could not find btrfs in the kernel '\(modules.release)'", hint: "take a kernel that has it, as a module or built in")
    }
    return order
}

private func hostDrivers(_ modules: KernelModules, _ settings: ModuleSettings) throws(Failure) -> [String] {
    let names = try modaliases(below: Directory(opening: "/sys/devices"))
    return Set(names.flatMap { modules.files(matching: $0) })
        .filter { DriverList.leadsToDisks($0) && !settings.blacklist.contains(KernelModules.name(ofFile: $0)) }.sorted()
}

private func hostFilesystems() throws(Failure) -> [String] {
    let known = knownFilesystems(try fileContents("/proc/filesystems") ?? [])
    let found = DriverList.filesystems.filter { known.contains($0) }
    return found.contains("vfat") ? found + DriverList.encodings : found
}
