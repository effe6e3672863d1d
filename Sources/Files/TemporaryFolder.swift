package import Basics
internal import CLinux

/// A folder of ours alone, which is gone with the object.
package final class TemporaryFolder {
    package let path: String

    package init() throws(Failure) {
        var template = Array("/tmp/docker-btrfs.XXXXXX".utf8CString)
        if mkdtemp(&template) == nil { throw .system("create a folder in '/tmp'") }
        path = String(decoding: plainName(template), as: UTF8.self)
    }

    package func file(_ name: String) -> String { path + "/" + name }

    deinit {
        if let folder = try? Directory(opening: path), let names = try? folder.names() {
            for name in names { unlink(path + "/" + display(name)) }
        }
        rmdir(path)
    }
}
