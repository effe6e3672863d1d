package import Basics
internal import Boot
internal import Linux
package import Planning

/// A root that is made as a boot would, and that no boot is of.
extension BootSession {
    /// Subvolume 5 of the root's filesystem, mounted for this process alone.
    package var topLevel: Directory { filesystems.topLevel }

    package func plan(besideAt place: Place, keepsLayer: Bool) throws(Failure) -> Plan {
        try Plan(besideFor: request, given: facts, at: place, keepsLayer: keepsLayer).telling(notes)
    }

    /// Performs one of these. `tell` gets each step before it is done.
    package func perform(beside plan: Plan, telling tell: (Step) -> Void, note: (String) -> Void) throws(Failure) {
        let store = try? filesystems.store.get()?.top
        var machine = LinuxMachine(topLevel: filesystems.topLevel, topLayer: filesystems.topLayer, store: store)
        for step in plan.steps {
            tell(step)
            for line in try machine.carryOut(step) { note(line) }
        }
    }
}
