// look-up STORE NAMESPACE IMAGE: looks an image up in a store, down to its layers' folders, as docker-btrfs-init does, and tells how many
// nanoseconds that took. Nothing installs it.
internal import Basics
internal import CLinux
internal import Images

func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = linux_write_all(STDOUT_FILENO, bytes, bytes.count)
}

func run(_ arguments: [String]) throws(Failure) {
    let start = linux_monotonic_nanoseconds()
    let store = try Directory(opening: arguments[0])
    let stores = try ImageStores(in: store, at: .top, StoreChoice(kind: nil, namespace: arguments[1]))
    _ = try stores?.image(ImageReference(arguments[2]))
    say("\(linux_monotonic_nanoseconds() - start)")
}

let arguments = (1..<linux_argument_count()).map { String(cString: linux_argument($0)) }
do throws(Failure) {
    if arguments.count != 3 { throw Failure("usage: look-up STORE NAMESPACE IMAGE") }
    try run(arguments)
} catch {
    say(error.description)
    exit(1)
}
