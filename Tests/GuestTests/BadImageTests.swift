import Foundation
import TestSupport
import Testing

/// An image whose init ends at once, after one that was good.
struct BadImageTests {
    @Test func `three boots later the machine is in the good root by itself, and the bad image can still be chosen`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, prepared in
            let first = try await machine.answers(Lab.menuEntry(), log: "good", to: "cat /etc/image-version")
            #expect(first.report?.imageId == prepared.imageID)
            let bad = try await machine.change(
                docker: true,
                """
                docker build --network none --quiet --tag sample_image - > /dev/null << END
                FROM sample_image
                RUN cp --remove-destination /bin/false /usr/lib/systemd/systemd && echo 2 > /etc/image-version
                END
                docker image inspect --format '{{.Id}}' sample_image
                """
            ).trimmingCharacters(in: .newlines)

            for number in 1...3 {
                let console = try await machine.stops(Lab.menuEntry(), log: "bad \(number)")
                #expect(console.told.contains { $0.contains("made from 'sample_image:latest' (\(bad))") })
                #expect(console.text.contains("Attempted to kill init"))
            }

            let warnings = "journalctl --boot --identifier docker-btrfs-init --priority warning --output cat"
            let later = try await machine.answers(Lab.menuEntry(), log: "later", to: "cat /etc/image-version; \(warnings)")
            #expect(later.report?.imageId == prepared.imageID)
            let note = """
                none of the last 3 boots of image 'sample_image:latest' (\(bad)) was good; booting root 1 ('sample_image:latest') \
                instead; docker_image=sample_image:latest at the boot menu tries it again
                """
            #expect(later.text == "1\n\(note)\n")
            #expect(later.console.told.contains(note))
            #expect(later.report?.notes.contains(note) == true)

            let chosen = try await machine.stops(Lab.menuEntry() + " docker_image=sample_image:latest", log: "chosen")
            #expect(chosen.told.contains { $0.contains("made from 'sample_image:latest' (\(bad))") })
        }
    }
}
