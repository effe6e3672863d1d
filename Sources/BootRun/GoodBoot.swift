public import Basics
internal import Boot
internal import Linux
internal import Planning

/// Marks the boot of the running system as good: on its root, and in the record that the next boot decides by. Returns what was
/// marked, in words. `tell` gets a line where another process has to be waited for.
///
/// Asks neither the kernel command line nor a configuration: those of the initramfs need not be in the root. The root may be
/// mounted read-only, or lie under another filesystem. Fails where the running root is none of docker-btrfs, and where its
/// filesystem cannot be written.
public func markBootAsGood(telling tell: (String) -> Void) throws(Failure) -> String {
    guard let root = try RunningRoot.current() else {
        let isReported = try Directory(opening: "/").subvolume() == nil
        throw Failure(
            "could not mark this boot as good: "
                + (isReported
                    ? "'/' is not the root of a btrfs, and '\(Report.path)' does not tell which root is below it"
                    : "the root was not made by docker-btrfs"))
    }
    let (topLevel, name) = try root.place()
    // Whoever deploys a large image meanwhile takes minutes, and nobody marks this boot later.
    let lock = try FilesystemLock(on: topLevel, seconds: 60 * FilesystemLock.patience, telling: tell)
    let (record, damage) = Record.current(on: topLevel)
    // What is damaged, or of a later version, the next boot tells of before it is written anew.
    let plan = Plan(markingGood: root.mark, of: name, given: damage == nil ? record : nil)
    var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
    var observer = FirstFailure()
    try withExtendedLifetime(lock) { () throws(Failure) in try plan.perform(on: &machine, observer: &observer) }
    if let failure = observer.failure { throw failure }
    return "root \(root.mark.number) of '\(root.mark.origin.reference.text)' booted well" + (damage.map { "; \($0)" } ?? "")
}

/// Here everything is asked for, and nobody looks on.
private struct FirstFailure: PlanObserver {
    var failure: Failure?

    func willPerform(_ step: Step) {}
    func didPerform(_ step: Step, notes: [String]) {}
    mutating func didFail(_ failure: Failure) { self.failure = self.failure ?? failure }
}
