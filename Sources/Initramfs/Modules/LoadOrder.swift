internal import Basics

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

    private mutating func visit(_ file: String) {
        if !seen.insert(file).inserted { return }
        let soft = settings.softDependencies[KernelModules.name(ofFile: file)]
        for name in soft?.before ?? [] { visitAll(name) }
        for dependency in modules.dependencies(of: file) { visit(dependency) }
        files.append(file)
        for name in soft?.after ?? [] { visitAll(name) }
    }

    /// A soft dependency that there is not is none.
    private mutating func visitAll(_ name: String) {
        for file in modules.files(for: name) ?? [] { visit(file) }
    }

    func need(of file: String) -> Need { required.contains(file) ? .required : .optional }

    /// A module's line in the list: `?` where it may fail, its parameters.
    func line(for file: String, at path: Path) -> String {
        let mark = need(of: file) == .optional ? "?" : ""
        let parameters = settings.options[KernelModules.name(ofFile: file)] ?? []
        return ([mark + path.description] + parameters.map { String($0) }).joined(separator: " ")
    }
}
