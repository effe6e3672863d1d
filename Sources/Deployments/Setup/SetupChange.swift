internal import Basics
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// What setup makes, all of it on the root's filesystem and nothing in the place of what is there.
enum SetupChange {
    case makeDirectory(Path, mode: UInt32)
    /// A file of the top layer, and what it is for.
    case write(Path, [UInt8], mode: UInt32, about: String)
    /// `about`: what it does, where a person asked for that.
    case link(Path, to: String, about: String? = nil)
    /// All of them at once, whatever the top layer has of people.
    case writePeople(MachineUsers, topLayer: Path)
    case makeSubvolume(Path)
    /// A directory of the running system, with all that is in it.
    case copyDirectory(Path, to: Path)
    case step(Step)
}

extension SetupChange: CustomStringConvertible {
    var description: String {
        switch self {
        case .makeDirectory(let path, let mode): "make the directory '\(path)' with mode 0\(String(mode, radix: 8))"
        case .write(let path, _, _, let about): "write '\(path)': \(about)"
        case .link(let path, let target, let about): "link '\(path)' to '\(target)'" + (about.map { ": \($0)" } ?? "")
        case .writePeople(let people, let layer): "write '\(layer / MachineUsers.folder)': this machine's people, \(people.title)"
        case .makeSubvolume(let path): "make the subvolume '\(path)'"
        case .copyDirectory(let source, let path): "copy '\(source)' of this system to '\(path)'"
        case .step(let step): step.description
        }
    }

    /// Whether a person wants to see it: not the folders and links around the files.
    var isTold: Bool {
        switch self {
        case .write, .writePeople, .makeSubvolume, .copyDirectory: true
        case .link(_, _, let about): about != nil
        case .makeDirectory, .step: false
        }
    }

    func perform(on topLevel: Directory, from system: Directory, _ machine: inout LinuxMachine) throws(Failure) {
        switch self {
        case .makeDirectory(let path, let mode):
            try topLevel.makeDirectory(path)
            let made = try topLevel.directory(at: path)
            if let made, fchmod(made.descriptor, mode) != 0 { throw .system("make the directory '\(path)'") }
        case .write(let path, let bytes, let mode, _): try topLevel.write(bytes, mode: mode, to: path)
        case .link(let path, let target, _): try topLevel.link(path, to: target)
        case .writePeople(let people, let layer):
            guard let tree = try topLevel.directory(at: layer) else { throw Failure("could not \(self): '\(layer)' is gone") }
            try people.replace(in: tree)
        case .makeSubvolume(let path): try topLevel.makeSubvolume(path)
        case .copyDirectory(let source, let path):
            guard let folder = try system.directory(at: source) else { throw Failure("could not \(self): it is gone") }
            var copier = LinuxMachine(topLevel: topLevel, topLayer: .success(try folder.withoutMounts()))
            try perform(.copyTopLayer(Place(.top, on: .topLayer(.path("/"))), .noLayer, over: Place(path)), on: &copier)
        case .step(let step): try perform(step, on: &machine)
        }
    }

    private func perform(_ step: Step, on machine: inout LinuxMachine) throws(Failure) {
        do throws(Failure) { _ = try machine.perform(step) } catch {
            throw Failure("could not \(self): \(error.message)", hint: error.hint)
        }
    }
}
