public import Basics

/// Steps in their order.
public struct Plan: Equatable, Sendable, CustomStringConvertible {
    /// Up to the swap, and the swap. A vital step that fails ends the plan, and the old root is still the root.
    public let steps: [Step]
    /// What follows once the new root is in place. A step that fails here is reported and does not stop the boot.
    public let afterwards: [Step]
    /// What the person at the machine must know of this boot: that it is not the one that was asked for, and why.
    public let notes: [String]
    /// Whether it ends with the start of another kernel.
    public var startsKernel: Bool

    public init(steps: [Step], afterwards: [Step] = [], notes: [String] = [], startsKernel: Bool = false) {
        self.startsKernel = startsKernel
        self.steps = steps
        self.afterwards = afterwards
        self.notes = notes
    }

    /// What puts all of it on the disk, and the kernel that goes on there.
    public var ending: [Step] { (steps.isEmpty ? [] : [.sync]) + (startsKernel ? [.startKernel] : []) }

    /// The same plan, of which more is to be known.
    public func telling(_ more: [String]) -> Plan {
        Plan(steps: steps, afterwards: afterwards, notes: more + notes, startsKernel: startsKernel)
    }

    /// One step a line.
    public var description: String {
        (steps + afterwards + ending).map { "\($0)\n" }.joined()
    }
}

/// What steps are performed on.
public protocol Machine {
    /// Returns what the person at the machine must know of how it went. Fails with the reason alone: what was not possible, the
    /// plan says.
    mutating func perform(_ step: Step) throws(Failure) -> [String]
}

extension Machine {
    /// Performs one step by itself. Fails with what was not possible, and why.
    @discardableResult
    package mutating func carryOut(_ step: Step) throws(Failure) -> [String] {
        do throws(Failure) { return try perform(step) } catch { throw step.failure(error) }
    }
}

/// How a plan tells what it does.
public protocol PlanObserver {
    mutating func willPerform(_ step: Step)
    mutating func didPerform(_ step: Step, notes: [String])
    /// A step failed without which the boot goes on.
    mutating func didFail(_ failure: Failure)
}

extension Plan {
    /// Performs the steps in their order. Fails where a vital step up to the swap was not possible. After the swap nothing fails: the new
    /// root is whole and in its place, and what was not possible is told.
    ///
    /// A plan that starts a kernel is stricter: it fails with any step up to the swap, and where the steps cannot be written to the disk.
    /// Otherwise a kernel that never comes up would not be counted, and would be started at every boot. Only the boot of a root that was
    /// good before is counted after the swap. Such a plan returns where the kernel did not start.
    public func perform(on machine: inout some Machine, observer: inout some PlanObserver) throws(Failure) {
        for step in steps {
            do throws(Failure) {
                try step.perform(on: &machine, observer: &observer)
            } catch {
                if step.isVital || startsKernel { throw error }
                observer.didFail(error)
            }
        }
        for step in afterwards + ending {
            do throws(Failure) {
                try step.perform(on: &machine, observer: &observer)
            } catch {
                // What is not on the disk is gone with the running kernel.
                if startsKernel, case .sync = step { throw error }
                observer.didFail(error)
            }
        }
    }
}

extension Step {
    fileprivate func perform(on machine: inout some Machine, observer: inout some PlanObserver) throws(Failure) {
        observer.willPerform(self)
        let notes: [String]
        do throws(Failure) {
            notes = try machine.perform(self)
        } catch {
            throw failure(error, consequence)
        }
        observer.didPerform(self, notes: notes)
    }

    /// What was not possible, where a machine told the reason alone.
    package func failure(_ reason: Failure, _ consequence: String = "") -> Failure {
        Failure("could not \(self): \(reason.message)\(consequence)", hint: reason.hint)
    }
}
