import Basics
import Planning
import Testing

/// Writes down what it is asked to do, and fails where it is told to.
private struct RecordingMachine: Machine {
    var performed: [Step] = []
    var failures: [(step: Step, reason: Failure)] = []

    mutating func perform(_ step: Step) throws(Failure) -> [String] {
        performed.append(step)
        for failure in failures where failure.step == step { throw failure.reason }
        return step == .sync ? ["it took long"] : []
    }
}

private struct RecordingObserver: PlanObserver {
    var told: [String] = []

    mutating func willPerform(_ step: Step) { told.append("will \(step)") }
    mutating func didPerform(_ step: Step, notes: [String]) { told.append("did \(step)\(notes.map { "; \($0)" }.joined())") }
    mutating func didFail(_ failure: Failure) { told.append("failed: \(failure)") }
}

struct PerformTests {
    private let plan = Plan(
        steps: [.snapshot(of: "layer", at: "w/new"), .createDirectory("w/new/run", permissions: 0o755), .exchange("w/new", "root")],
        afterwards: [.deleteSubvolume("w/new"), .removeFile("log", of: "w")]
    )
    private var machine = RecordingMachine()
    private var observer = RecordingObserver()

    @Test mutating func `steps are performed in their order, and each is told before and after`() throws {
        try plan.perform(on: &machine, observer: &observer)
        #expect(machine.performed == plan.steps + plan.afterwards + [.sync])
        #expect(
            observer.told == [
                "will snapshot '/layer' to '/w/new'", "did snapshot '/layer' to '/w/new'",
                "will create the directory '/w/new/run' with mode 0755", "did create the directory '/w/new/run' with mode 0755",
                "will exchange '/w/new' and '/root'", "did exchange '/w/new' and '/root'",
                "will delete the subvolume '/w/new'", "did delete the subvolume '/w/new'",
                "will remove the file '/w/log'", "did remove the file '/w/log'",
                "will write everything to the disk", "did write everything to the disk; it took long",
            ])
    }

    @Test mutating func `a plan prints what is performed`() throws {
        try plan.perform(on: &machine, observer: &observer)
        #expect(plan.description == machine.performed.map { "\($0)\n" }.joined())
    }

    @Test(arguments: 0..<3)
    mutating func `the first step that is not possible ends the plan`(index: Int) throws {
        machine.failures = [(plan.steps[index], Failure("No space left on device", hint: "delete something"))]
        let expected = Failure("could not \(plan.steps[index]): No space left on device", hint: "delete something")
        #expect(throws: expected) { try plan.perform(on: &machine, observer: &observer) }
        #expect(machine.performed == Array(plan.steps[...index]))
        #expect(observer.told.last == "will \(plan.steps[index])")
    }

    @Test mutating func `after the swap a failure is told and stops nothing`() throws {
        machine.failures = plan.afterwards.map { ($0, Failure("Read-only file system")) }
        try plan.perform(on: &machine, observer: &observer)
        #expect(machine.performed == plan.steps + plan.afterwards + [.sync])
        #expect(
            observer.told.dropLast(2).suffix(4) == [
                "will delete the subvolume '/w/new'",
                "failed: could not delete the subvolume '/w/new': Read-only file system",
                "will remove the file '/w/log'",
                "failed: could not remove the file '/w/log': Read-only file system",
            ])
    }

    @Test mutating func `that the swap could not be written to the disk is told, and the new root stays in its place`() throws {
        machine.failures = [(.sync, Failure("Input/output error"))]
        try plan.perform(on: &machine, observer: &observer)
        #expect(observer.told.last == "failed: could not write everything to the disk: Input/output error")
    }

    @Test mutating func `a boot that cannot be counted, or a file that cannot be carried, ends nothing`() throws {
        let steps: [Step] = [.carryFile("id", of: "root", to: "w/new"), .replaceFile("record", content: "x"), .exchange("w/new", "root")]
        machine.failures = steps.dropLast().map { ($0, Failure("No space left on device")) }
        try Plan(steps: steps).perform(on: &machine, observer: &observer)
        #expect(machine.performed == steps + [.sync])
        #expect(observer.told.filter { $0.hasPrefix("failed: ") }.count == 2)
    }

    @Test mutating func `what it means that a boot was not counted is told`() throws {
        let counting = Step.replaceFile(.record, content: "x")
        machine.failures = [(counting, Failure("No space left on device"))]
        try Plan(steps: [counting, .exchange("w/new", "root")]).perform(on: &machine, observer: &observer)
        let told =
            "failed: could not write the file '/.docker-btrfs/record': No space left on device; this boot is not counted (docker_tries=)"
        #expect(observer.told.contains(told))
    }

    @Test(arguments: [Step.loadKernel("k", initramfs: "i", of: "a"), .replaceFile(.record, content: "x"), .sync])
    mutating func `no kernel is started that could not be loaded, is not counted, or whose root is not on the disk`(step: Step) throws {
        let steps: [Step] = [.loadKernel("k", initramfs: "i", of: "a"), .replaceFile(.record, content: "x"), .exchange("w/new", "root")]
        let plan = Plan(steps: steps, startsKernel: true)
        try plan.perform(on: &machine, observer: &observer)
        #expect(machine.performed == steps + [.sync, .startKernel])
        machine = RecordingMachine(failures: [(step, Failure("Input/output error"))])
        #expect(throws: Failure.self) { try plan.perform(on: &machine, observer: &observer) }
        #expect(machine.performed.last == step)
    }

    @Test mutating func `a root that stays has nothing to write`() throws {
        let plan = Plan(steps: [], afterwards: [.replaceFile("record", content: "")])
        try plan.perform(on: &machine, observer: &observer)
        #expect(machine.performed == plan.afterwards)
    }

    @Test func `every step says what it does`() throws {
        let origin = Origin(reference: .sample("v1"), imageID: .named("v1"), chainID: .named("chain-v1"), layer: "a", topLayer: nil)
        let odd = try #require(Path("a\nb".utf8))
        let steps: [Step] = [
            .createDirectory("tmp", permissions: 0o1777), .createDirectory("a", permissions: 0o755), .snapshot(of: "a", at: "b"),
            .hold(layer: "a", at: "b"), .mark("a", Mark(origin: origin, number: 7, made: 0)), .markGood("a"),
            .replacePlaceholder("b", of: "a", like: "c"),
            .copyTopLayer(Place(.top, on: .topLayer(.label("x"))), .none, over: "a"), .copyModules("a", to: "b", of: "c"),
            .removeFile(odd, of: "c"),
            .replaceFile("a", content: "b\n"), .makeRoom(Need(data: 5 << 20, metadata: 6 << 20 - 1), deleting: ["a"], roots: ["b"]), .sync,
            .rename("a", to: "b/c"), .exchange("a", "b"), .deleteSubvolume("a b"),
            .loadKernel("boot/k", initramfs: "boot/i", of: "a"), .startKernel,
        ]
        #expect(
            steps.map { "\($0)\n" }.joined() == """
                create the directory '/tmp' with mode 01777
                create the directory '/a' with mode 0755
                snapshot '/a' to '/b'
                hold the layer '/a' as '/b'
                mark '/a' as root 7, made from 'sample:v1' (\(ImageID.named("v1")))
                mark '/a' as good
                make '/a/b' an ordinary directory
                copy the top layer '/' of LABEL=x over '/a'
                copy the kernel modules '/a' to '/c/b'
                remove the file '/c/a\\x0ab'
                write the file '/a'
                make room for 5 MiB of data and 5 MiB of metadata by deleting, one by one, '/a', '/b'
                write everything to the disk
                rename '/a' to '/b/c'
                exchange '/a' and '/b'
                delete the subvolume '/a b'
                load the kernel '/a/boot/k' with '/a/boot/i'
                start the image's kernel; the screen may stay like this for a while

                """)
    }
}
