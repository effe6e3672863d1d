import Foundation
import TestSupport
import Testing

/// The image's kernel package was upgraded, and the boot loader still starts the old kernel.
struct LostKernelTests {
    /// What an upgrade does to the modules.
    private static let upgrade = """
        docker build --network none --quiet --tag sample_image - > /dev/null << END
        FROM sample_image
        RUN cd /lib/modules && for each in *; do mv \\$each \\$each-new; done && echo 2 > /etc/image-version
        # The kernel and the initramfs of the first.
        RUN cd /boot && for each in /lib/modules/*; do touch vmlinuz-\\${each##*/} initrd.img-\\${each##*/}; break; done
        END
        """

    private static let script = """
        cat /etc/image-version
        [ -d /lib/modules/$(uname -r) ] && modprobe --dry-run btrfs && echo 'has its modules'
        """

    @Test func `the last good root is booted, which has the kernel's modules, and it is said what to do`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            let first = try await machine.answers(Lab.menuEntry(), log: "1", to: "uname -r")
            let release = first.text.trimmingCharacters(in: .newlines)
            try await machine.change(docker: true, Self.upgrade)
            let second = try await machine.answers(Lab.menuEntry() + " docker_kernel=image", log: "2", to: Self.script)
            #expect(second.text == "1\nhas its modules\n")
            let note = """
                image 'sample_image:latest' has no modules for the running kernel \(release); booting root 1 ('sample_image:latest') \
                instead, which has them; copy the image's kernel and initramfs to where the boot loader reads them
                """
            #expect(second.console.told.contains(note))
            #expect(second.report?.notes.contains(note) == true)
            #expect(second.console.told.contains("the running kernel has no kexec; the running kernel stays (docker_kernel=image)"))
        }
    }

    @Test(.enabled(if: isNightly)) func `without a good root, the modules beside the kernel are taken`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            try await machine.change(
                docker: true,
                """
                container=$(docker create sample_image true)
                mkdir boot_docker/boot/modules; docker cp "$container:/lib/modules/." boot_docker/boot/modules; docker rm "$container"
                \(Self.upgrade)
                """)
            let answers = try await machine.answers(Lab.menuEntry(), to: Self.script)
            #expect(answers.text == "2\nhas its modules\n")
            #expect(answers.console.told.contains { $0.contains("; taking those in '/boot_docker/boot/modules/") })
        }
    }
}
