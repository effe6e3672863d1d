import ArgumentParser
import Basics
import Deployments

/// Names that a shell completes.
enum CompletedNames {
    /// What can be deployed.
    case images
    /// What is deployed.
    case deployments
    /// Roots, by the numbers that `root ls` has.
    case roots
    case projects
    /// Both.
    case rootsAndProjects
    /// Both, and roots that have names.
    case allRoots

    /// Those of this machine; none where that cannot be found out. A store may have any name, and shells run what stands in some: those are
    /// left out. What an engine takes for a name is of these characters.
    func found() -> [String] { Self.harmless(all()) }

    static func harmless(_ names: [String]) -> [String] { names.filter { $0.utf8.allSatisfy(isPlain) } }

    /// Whether it means nothing to a shell.
    private static func isPlain(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || "._-/:@".utf8.contains(byte) }

    private func all() -> [String] {
        guard let site = try? Site(topLevel: nil, boot: nil, isLocked: false, loader: .ifFound) else { return [] }
        var numbers: [String] { ((try? site.roots().roots) ?? []).map { "\($0.number)" } }
        var projects: [String] { ((try? site.projects().projects) ?? []).compactMap(\.project) }
        switch self {
        case .images: return (try? site.imageNames()) ?? []
        case .deployments: return (try? site.deployedNames()) ?? []
        case .roots: return numbers
        case .projects: return projects
        case .rootsAndProjects: return numbers + projects
        case .allRoots: return numbers + ((try? site.namedRoots()) ?? []).map(\.name) + projects
        }
    }
}

/// A command whose first argument is one of them, or all are.
protocol TakesName {
    static var completed: CompletedNames { get }
}

extension CompletionKind {
    /// Those that begin as the word that is typed. Shells ask for them by `docker-btrfs ---completion`.
    static func names(_ names: CompletedNames) -> CompletionKind {
        .custom { _, _, typed in
            let found = names.found().filter { $0.hasPrefix(typed) }
            // For zsh, what follows a colon is a description.
            return CompletionShell.requesting == .zsh ? found.map { $0.replacing(":", with: "\\:") } : found
        }
    }
}
