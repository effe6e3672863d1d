import Basics

/// The files of images and top layers: forty each, and all of their content is known from what they belong to and their number.
struct Content {
    /// Files in one directory, and what they may belong to.
    struct Tree {
        let directory: Path
        let owners: [String]
    }

    static let image = Tree(directory: "usr/share/image", owners: Operation.Image.allCases.map { "image \($0)" })
    static let top = Tree(directory: "etc/machine", owners: Operation.Top.allCases.map { "top \($0)" })
    static let numbers = 1...40

    private var texts: [String: [UInt8]] = [:]

    /// As Tests/Lab/crash-disk writes it.
    private mutating func text(_ owner: String, _ number: Int) -> [UInt8] {
        let line = "\(owner) file \(number)\n"
        if let text = texts[line] { return text }
        let text = Array(String(repeating: line, count: number * number).utf8)
        texts[line] = text
        return text
    }

    /// What all files of a tree belong to. Fails with the first file that is not there, not whole or not of the same.
    mutating func owner(of tree: Tree, in root: Directory) throws(Failure) -> String {
        let first = try file(1, of: tree, in: root)
        guard let owner = tree.owners.first(where: { text($0, 1) == first }) else {
            throw Failure("'\(root.show(tree.directory))' is none of \(tree.owners): '\(display(first))'")
        }
        for number in Self.numbers {
            let found = try file(number, of: tree, in: root)
            let expected = text(owner, number)
            if found == expected { continue }
            let path = tree.directory.appending("\(number)")
            let what = "\(found.count) bytes that begin with '\(display(found.prefix(24)))', not \(expected.count)"
            throw Failure("'\(root.show(path))' is not of '\(owner)': \(what)")
        }
        return owner
    }

    private func file(_ number: Int, of tree: Tree, in root: Directory) throws(Failure) -> [UInt8] {
        let path = tree.directory.appending("\(number)")
        guard let found = try root.contents(of: path) else { throw Failure("'\(root.show(path))' is not there") }
        return found
    }
}
