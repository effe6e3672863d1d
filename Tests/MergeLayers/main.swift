// merge-layers FOLDER NAME LAYER...: merges layers, the topmost first, to FOLDER/NAME. Nothing installs it.
internal import Basics
internal import CLinux
internal import Linux

func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = linux_write_all(STDOUT_FILENO, bytes, bytes.count)
}

func run(_ arguments: [String]) throws(Failure) {
    var layers: [Directory] = []
    for layer in arguments.dropFirst(2) { layers.append(try Directory(opening: layer)) }
    let merge = LayerMerge(of: layers, into: try Directory(opening: arguments[0]), as: Array(arguments[1].utf8))
    let count = try merge.run { count in say("\(count.files) files of \(count.bytes) bytes so far") }
    say("\(count.files) files of \(count.bytes) bytes, \(count.copiedBytes) copied")
}

let arguments = (1..<linux_argument_count()).map { String(cString: linux_argument($0)) }
do throws(Failure) {
    if arguments.count < 3 { throw Failure("usage: merge-layers FOLDER NAME LAYER...") }
    try run(arguments)
} catch {
    say(error.description)
    exit(1)
}
