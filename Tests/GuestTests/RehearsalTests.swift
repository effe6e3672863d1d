import Foundation
import TestSupport
import Testing

/// The next boot of a machine, in a virtual one before it happens.
struct RehearsalTests {
    private static func rehearse(_ machine: Machine, _ words: String, in place: String = "") -> String {
        let made = words.contains("--this-disk") ? "" : " --grub '\(Lab.folder)/tools/usr/lib/grub' --init '\(Repository.embeddedInit)'"
        return """
            '\(Repository.companion)' \(words) --top-level . --rehearsal-folder '\(machine.folder)\(place)' \\
                --rehearsal-time 300\(made) 2>&1 && status=0 || status=$?
            echo "status $status"
            """
    }

    @Test func `a boot is good, or the machine itself says why not, and what is bad is not deployed`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            let setUp = """
                '\(Repository.companion)' setup --top-level . --data-root docker --loader print \\
                    --options mitigations=off --init '\(Repository.embeddedInit)' > /dev/null
                mkdir data; echo 'LABEL=linux /data btrfs subvol=data 0 0' >> boot_docker/etc/fstab; rmdir data
                """
            let good = try await machine.change("\(setUp)\n\(Self.rehearse(machine, "rehearse sample_image --verbose"))")
            #expect(good.contains("\ngood: sample_image:latest ("))
            #expect(good.hasSuffix("status 0\n"))

            let withoutInit = try await machine.change(Self.rehearse(machine, "rehearse debian:bookworm --format json"))
            #expect(withoutInit.hasPrefix(#"{"image": "debian:bookworm ("#))
            let end = #", "verdict": "bad", "reason": "kernel: there is none", "seconds": 0, "console": []}"#
            #expect(withoutInit.hasSuffix("\(end)\nstatus 1\n"))

            let line = "UUID=12345678-1234-1234-1234-123456789abc /elsewhere ext4 x-systemd.device-timeout=5s 0 0"
            let bad = try await machine.change(
                """
                echo '\(line)' >> boot_docker/etc/fstab
                \(Self.rehearse(machine, "deploy --rehearse --rehearsal-firmware uefi sample_image"))
                '\(Repository.companion)' status --top-level . --format json
                """)
            #expect(bad.contains("\nbad: sample_image:latest"))
            #expect(bad.contains("Dependency failed for elsewhere.mount"))
            #expect(bad.contains("nothing was deployed, for the rehearsal was not good\nstatus 1\n"))
            #expect(bad.contains(#""deployments": [],"#))
            #expect(try FileManager.default.contentsOfDirectory(atPath: machine.folder).filter { $0.hasPrefix("docker-btrfs-disk") } == [])
        }
    }

    @Test func `this very disk boots while it is written to and stays as it was; a kernel without its modules says so`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            // The modules of a kernel that was built otherwise, and an initramfs that is made of them.
            try await machine.change(
                docker: true,
                """
                docker build --network none --quiet --tag wrong - > /dev/null << 'END'
                FROM sample_image
                RUN rm /boot/initrd* && find /lib/modules/ -name '*.ko' -exec sed -i 's/mod_unload modversions/mod_unload modversionz/' {} +
                END
                '\(Repository.companion)' setup --top-level . --data-root docker --loader print \\
                    --options mitigations=off --init '\(Repository.embeddedInit)' > /dev/null
                for image in wrong sample_image; do
                    '\(Repository.companion)' deploy --top-level . --init '\(Repository.embeddedInit)' "$image" > /dev/null
                done
                """)
            let good = try await machine.change(
                """
                btrfs subvolume snapshot -r . kept > /dev/null; mkdir churn
                seen() { find kept .docker-btrfs/layers -type f -print0 | sort -z | xargs -0 sha256sum; cat .docker-btrfs/deployments/*; ls -A . .docker-btrfs; }
                seen > "$TOP/../before"
                while [ ! -e stop ] && kill -0 $$; do
                    for file in {1..200}; do date > churn/$file; done; btrfs filesystem sync .; rm churn/*
                done & writer=$!
                \(Self.rehearse(machine, "rehearse --this-disk --screenshot '\(machine.folder)/screen.png'"))
                touch stop; wait "$writer"; rm stop
                seen | diff "$TOP/../before" - && echo same
                """)
            #expect(good.contains("\ngood: sample_image:latest ("), "\(good)")
            #expect(good.hasSuffix("status 0\nsame\n"), "\(good)")
            let picture = try Data(contentsOf: URL(filePath: "\(machine.folder)/screen.png"))
            // Whole; what it shows may be black.
            #expect(picture.starts(with: [0x89] + "PNG".utf8) && picture.suffix(8).starts(with: "IEND".utf8), "\(picture.count) bytes")
            let full = try await machine.change(
                """
                small='\(machine.folder)/small'
                mkdir "$small"; mount -t tmpfs -o size=512M small "$small"
                (until ls "$small"/*/monitor > /dev/null 2>&1; do sleep 0.2; done
                    cat /dev/zero > "$small/more" 2> /dev/null || true) & filling=$!
                \(Self.rehearse(machine, "rehearse --this-disk", in: "/small"))
                # A rehearsal that ended before has no monitor to wait for.
                kill "$filling" 2> /dev/null || true; wait "$filling" || true
                ls "$small"; umount "$small"
                """)
            let words = "Error: could not rehearse: there is no room in '\(machine.folder)/small' for what the virtual machine writes\n"
            #expect(full.contains(words) && full.hasSuffix("\nstatus 2\nmore\n"), "\(full)")
            let wrong = try await machine.change(Self.rehearse(machine, "rehearse --this-disk wrong"))
            let reason = "does not boot well: What happened:  could not load the kernel module '/usr/lib/modules/"
            #expect(wrong.contains("bad: wrong:latest (") && wrong.contains(reason), "\(wrong)")
            #expect(wrong.hasSuffix("status 1\n"), "\(wrong)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: machine.folder).filter { $0.hasPrefix("docker-btrfs-disk") } == [])
        }
    }
}
