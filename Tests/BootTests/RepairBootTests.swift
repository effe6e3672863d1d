import Basics
import Planning
import Testing

@testable import Boot

/// Boots that a person starts to repair the system say nothing about its image, and are not counted.
struct RepairBootTests {
    @Test(arguments: [
        "systemd.unit=rescue.target", "systemd.unit=emergency.target", "rd.systemd.unit=emergency.target", "systemd.unit=runlevel1.target",
        "rescue", "emergency", "recovery", "recovery nomodeset", "single", "s", "S", "-s", "1", "-b", "rd.rescue", "rd.emergency",
        "rd.break", "rd.break=pre-mount", "break",
        "break=postmount", "init=/bin/sh", "init=/usr/bin/bash", "init=/bin/busybox", "init=/sbin/sulogin",
    ])
    func `rescue, emergency, a stop in the initramfs and a shell`(text: String) throws {
        #expect(try request(adding: text).isForRepair)
        let plan = try plan(.later(), adding: text)
        #expect(!plan.steps.contains(where: isRecord))
        #expect(plan.steps.contains { if case .exchange = $0 { true } else { false } }, "it has its root")
        #expect(try !Plan(after: Failure("x"), for: request(adding: text), given: .later()).afterwards.contains(where: isRecord))
    }

    @Test(arguments: [
        "", "systemd.unit=multi-user.target", "systemd.unit=kiosk.target", "5", "3", "single=1", "rescue=yes", "rd.emergency=reboot",
        "init=/sbin/init", "init=/usr/lib/systemd/systemd", "init=/usr/bin/dinit", "quiet splash", "systemd.unit=rescue", "nosingle",
    ])
    func `all others count`(text: String) throws {
        #expect(try !request(adding: text).isForRepair)
        #expect(try plan(.later(), adding: text).steps.contains(where: isRecord))
    }

    @Test func `another program than the image's init is somebody's doing too`() throws {
        let facts = Facts.later { facts in
            var source = Facts.Source.image("v2")
            source.contents.startsOther = true
            facts.wanted = .success(source)
        }
        #expect(try !plan(facts).steps.contains(where: isRecord))
    }

    @Test func `three rescue boots of an image that booted well change nothing`() throws {
        var facts = Facts.later { facts in
            facts.standing = .root(2, "v2", .good)
            facts.record = .example(good: ["v1", "v2"])
        }
        for _ in 1...3 { facts.follow(try plan(facts, adding: "systemd.unit=rescue.target")) }
        #expect(try decision(facts) == Decision(choice: .build(.image("v2"), modules: nil)))
    }

    @Test func `an image that booted well is left after three bad boots, and tried again after a good one of its stand-in`() throws {
        var facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.standing = .root(2, "v2", .good)
            facts.record = .example(good: ["v1", "v2"])
            facts.lastGood = .image("v1")
        }
        var booted: [String] = []
        for _ in 1...8 {
            let plan = try plan(facts)
            facts.follow(plan)
            guard case .root(let root) = facts.standing else { break }
            booted.append(root.mark.origin.reference.text)
            if root.mark.origin.imageID == .named("v1") {
                facts.markGood()
                #expect(plan.notes.first?.contains("it booted well before, and is tried again after a good boot of this one") == true)
            }
        }
        #expect(booted == ["sample:v2", "sample:v2", "sample:v2", "sample:v1", "sample:v2", "sample:v2", "sample:v2", "sample:v1"])
    }

    private func isRecord(_ step: Step) -> Bool {
        if case .replaceFile(let place, _) = step { return place == Place(Layout.record) }
        return false
    }
}
