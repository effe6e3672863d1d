internal import Basics
internal import Files

/// A change to the files of a system. Its description is the line of a dry run.
enum Change: Equatable {
    case makeDirectory(Path)
    case write(InstalledFile)
    /// In place of an older version of ours, whose mode is not widened.
    case replace(InstalledFile, mode: UInt32)
    case record(InstallRecord)
    case remove(Path)
    case removeDirectory(Path)
}

extension Change: CustomStringConvertible {
    var description: String {
        switch self {
        case .makeDirectory(let path): "make the directory '\(path)'"
        case .write(let file): file.description
        case .replace(let file, _): "\(file), over an older one"
        case .record: "write '\(InstallRecord.path)', which says what is installed"
        case .remove(let path): "remove '\(path)'"
        case .removeDirectory(let path): "remove the directory '\(path)' if it is empty"
        }
    }
}

extension InstalledFile: CustomStringConvertible {
    var description: String {
        switch content {
        case .file(_, let mode): "write '\(path)' with mode \(octal(mode))"
        case .link(let target): "link '\(path)' to '\(target)'"
        }
    }
}

private func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }

extension Directory {
    func perform(_ change: Change) throws(Failure) {
        switch change {
        case .makeDirectory(let path): try makeDirectory(path)
        case .write(let file): try write(file)
        case .replace(let file, let mode): try write(file, mode: mode)
        case .record(let record): try write(record.bytes, mode: 0o644, to: InstallRecord.path)
        case .remove(let path): try remove(path)
        case .removeDirectory(let path): try removeEmptyDirectory(path)
        }
    }

    private func write(_ file: InstalledFile, mode narrower: UInt32 = 0o7777) throws(Failure) {
        switch file.content {
        case .file(let bytes, let mode): try write(bytes, mode: mode & narrower, to: file.path)
        case .link(let target): try link(file.path, to: target)
        }
    }
}
