public import Basics

/// Steps in their order.
public struct Plan: Equatable, Sendable, CustomStringConvertible {
    /// Up to the swap, and the swap. A step that fails ends the plan, and the old root is still the root.
    public let steps: [Step]
    /// What follows once the new root is in place. A step that fails here is reported and does not stop the boot.
    public let afterwards: [Step]
    /// What the person at the machine must know of this boot: that it is not the one that was asked for, and why.
    public let notes: [String]

    public init(steps: [Step], afterwards: [Step] = [], notes: [String] = []) {
        self.steps = steps
        self.afterwards = afterwards
        self.notes = notes
    }

    /// What ends the boot if it fails, like a step: a root that is not on the disk is none.
    public var ending: [Step] { steps.isEmpty ? [] : [.sync] }

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

/// How a plan tells what it does.
public protocol PlanObserver {
    mutating func willPerform(_ step: Step)
    mutating func didPerform(_ step: Step, notes: [String])
    /// A step after the swap failed; the boot goes on.
    mutating func didFail(_ failure: Failure)
}

extension Plan {
    /// Performs the steps in their order. Fails with the first one up to the swap that was not possible, and where
    /// what was done cannot be written to the disk.
    public func perform(on machine: inout some Machine, observer: inout some PlanObserver) throws(Failure) {
        for step in steps {
            try step.perform(on: &machine, observer: &observer)
        }
        for step in afterwards {
            do throws(Failure) {
                try step.perform(on: &machine, observer: &observer)
            } catch {
                observer.didFail(error)
            }
        }
        for step in ending {
            try step.perform(on: &machine, observer: &observer)
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
            throw Failure("could not \(self): \(error.message)", hint: error.hint)
        }
        observer.didPerform(self, notes: notes)
    }
}
