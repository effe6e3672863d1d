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
    /// What each name stands for that a module asks for softly, the first one last: those that nobody took yet.
    private var left: [String: [String]] = [:]

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
        case visitAll(named: String)
        case append(String)
    }

    /// Takes a module behind all that it needs. Not by recursion: a chain of modules is as long as its author likes. A name that thousands
    /// ask for, and that stands for thousands, is gone through once.
    private mutating func visit(_ file: String) {
        var ahead = [Task.visit(file)]
        while let task = ahead.popLast() {
            switch task {
            case .append(let file): files.append(file)
            case .visit(let file):
                if !seen.insert(file).inserted { continue }
                let soft = settings.softDependencies[KernelModules.name(ofFile: file)]
                ahead += (soft?.after ?? []).reversed().map { Task.visitAll(named: $0) }
                ahead.append(.append(file))
                ahead += modules.dependencies(of: file).reversed().map { Task.visit($0) }
                ahead += (soft?.before ?? []).reversed().map { Task.visitAll(named: $0) }
            case .visitAll(let name):
                // None for a soft dependency on a module that there is not.
                if left[name] == nil { left[name] = Array((modules.files(for: name) ?? []).reversed()) }
                if let next = left[name]?.popLast() { ahead += [.visitAll(named: name), .visit(next)] }
            }
        }
    }

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
