internal import Basics
internal import InitProcess

/// The modules that /init loads, each one after what it needs.
struct LoadOrder {
    /// Whether a boot can go on where a module cannot be loaded.
    enum Need { case required, optional }

    private let modules: KernelModules
    private let settings: ModuleSettings
    private(set) var files: [String] = []
    private var seen: Set<String> = []
    private var required: Set<String> = []

    init(_ modules: KernelModules, _ settings: ModuleSettings) {
        self.modules = modules
        self.settings = settings
    }

    /// Takes what a name or an alias stands for; false where there is nothing of that name.
    @discardableResult
    mutating func add(_ name: String, _ need: Need) -> Bool {
        guard let found = modules.files(for: name) else { return false }
        for file in found { add(file: file, need) }
        return true
    }

    mutating func add(file: String, _ need: Need) {
        visit(file)
        if need == .required { required.formUnion([file] + modules.dependencies(of: file)) }
    }

    private enum Task {
        case visit(String)
        case append(String)
    }

    /// Takes a module behind all that it needs. Not by recursion: a chain of modules is as long as its author likes.
    private mutating func visit(_ file: String) {
        var ahead = [Task.visit(file)]
        while let task = ahead.popLast() {
            switch task {
            case .append(let file): files.append(file)
            case .visit(let file):
                if !seen.insert(file).inserted { continue }
                let soft = settings.softDependencies[KernelModules.name(ofFile: file)]
                let before = (soft?.before ?? []).flatMap { files(for: $0) } + modules.dependencies(of: file)
                let after = (soft?.after ?? []).flatMap { files(for: $0) }
                ahead += after.reversed().map { .visit($0) } + [.append(file)] + before.reversed().map { .visit($0) }
            }
        }
    }

    /// None for a soft dependency on a module that there is not.
    private func files(for name: String) -> [String] { modules.files(for: name) ?? [] }

    func need(of file: String) -> Need { required.contains(file) ? .required : .optional }

    /// What /init is told of a module.
    func entry(for file: String, at path: Path) -> ModuleList.Module {
        let isOptional = need(of: file) == .optional
        let parameters = settings.options[KernelModules.name(ofFile: file)] ?? []
        return ModuleList.Module(
            path: path.description, parameters: parameters.joined(separator: " "), isOptional: isOptional,
            needs: isOptional ? modules.dependencies(of: file).map { KernelModules.name(ofFile: $0) } : [])
    }
}
