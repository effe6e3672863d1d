import TestSupport
import Testing

extension OnDisk.DiskImageTests {
    /// As Alpine's base image is, with what an application says, and an fstab.
    private static let application = """
        printf '%s\\n' 'FROM sample_image' 'SHELL ["/bin/bash", "-ec"]' \\
            'RUN rm /usr/bin/init /usr/sbin/init; : > /usr/bin/busybox; chmod 755 /usr/bin/busybox; ln -s /bin/busybox /usr/sbin/init' \\
            'RUN : > /usr/sbin/sshd; : > /usr/bin/ssh-keygen; mkdir -p /etc/selinux; echo SELINUX=enforcing > /etc/selinux/config' \\
            'RUN printf "::sysinit:/sbin/openrc %s\\n" sysinit boot > /etc/inittab' \\
            'RUN printf "%s defaults 0 2\\n" "LABEL=image / ext4" "LABEL=data /srv ext4" "tmpfs /var/log tmpfs" > /etc/fstab' \\
            'RUN mkdir /run/web; chmod 700 /run/web' 'ENV SECRET=secret' 'USER 7:8' 'VOLUME ["/data", "/run/data"]' 'CMD ["/bin/bash"]' | docker build --network none --tag application - > /dev/null
        # A build makes it.
        docker commit --change 'WORKDIR /app/a b' "$(docker create --network none application)" application > /dev/null
        """

    @Test func `a service has its WORKDIR, tells its ENV to nobody else, and mounts what its image does, under an init that works`()
        async throws
    {
        try await withImage(Self.application) { disk in
            let out = "\(disk.folder)/vm.raw"
            let planned = try await disk.change(command("application", out, "--dry-run 2>&1"))
            #expect(planned.contains("warning: init: it is to start '/sbin/openrc', which is not there: "), "\(planned)")
            #expect(planned.contains("\n    hint: --options '… docker_mode=persist': the first boot labels them; "), "\(planned)")
            for plain in ["", "--plain ext4"] {
                let options = "--service --busybox '\(Repository.embeddedInit)' --force \(plain)"
                let said = try await disk.change("\(command("application", out, options)) 2>&1")
                #expect(
                    said.contains(
                        "note: '/srv' of the image's etc/fstab is left out: the disk has no LABEL=data; with 'nofail' the line stays\n")
                        && !said.contains("warning: init") && !said.contains("warning: fstab"), "\(said)")
                #expect(said.contains("note: '/data' is a VOLUME of 'application:latest': ") == plain.isEmpty, "\(said)")
                #expect(said.contains("warning: SELinux: ") == plain.isEmpty, "\(said)")
                let found = try await disk.change(
                    """
                    cd '\(disk.folder)'
                    dd if=vm.raw of=root bs=1M skip=258 count=765 conv=sparse status=none
                    mkdir --parents made; mount -o loop,ro root made; cd made; [ ! -d boot_docker ] || cd boot_docker
                    stat -c '%a %u:%g' usr/lib/docker-btrfs/service; tail -n 3 usr/lib/docker-btrfs/service
                    sed -n 's/^\\[ .*-i //p' usr/lib/docker-btrfs/service; tail -n +3 usr/lib/docker-btrfs/run-folders; grep run-folders etc/inittab
                    for folder in 'app/a b' data; do stat -c '%a %F' "$folder"; ls -A "$folder"; done
                    ls .autorelabel 2> /dev/null || true
                    grep -o 'sysctl[^" ]*' ../.docker-btrfs/settings || true; readlink sbin/init; head -n 1 etc/inittab; grep ssh-keygen etc/inittab; cut -d ' ' -f 2- etc/fstab
                    cd '\(disk.folder)'; umount made
                    """)
                let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                let root = plain.isEmpty ? "" : "/ ext4 defaults 0 1\n"
                #expect(
                    found == """
                        750 0:8
                        export SECRET=secret
                        export HOME=/
                        exec /usr/lib/docker-btrfs/busybox env -- \(path) /bin/bash < /dev/null
                        PATH="$PATH" /usr/lib/docker-btrfs/busybox sh "$0" alone
                        /usr/lib/docker-btrfs/busybox mkdir /run/docker-btrfs-folders 2> /dev/null || exit 0
                        /usr/lib/docker-btrfs/busybox mkdir -p /run/web
                        /usr/lib/docker-btrfs/busybox mkdir -p /run/data
                        /usr/lib/docker-btrfs/busybox chown -h 0:0 /run/data
                        /usr/lib/docker-btrfs/busybox chmod 755 /run/data
                        /usr/lib/docker-btrfs/busybox chown -h 0:0 /run/web
                        /usr/lib/docker-btrfs/busybox chmod 700 /run/web
                        ::wait:/usr/lib/docker-btrfs/busybox sh /usr/lib/docker-btrfs/run-folders
                        755 directory
                        \(plain.isEmpty ? ".wh.docker-btrfs\n" : "")755 directory
                        \(plain.isEmpty ? ".wh.docker-btrfs\nsysctl.net.ipv4.ip_unprivileged_port_start=0\n" : ".autorelabel\n")/usr/lib/docker-btrfs/busybox
                        ::sysinit:/usr/lib/docker-btrfs/busybox sh /usr/lib/docker-btrfs/boot
                        ::wait:/usr/bin/ssh-keygen -A
                        \(root)/boot/efi vfat umask=0077,nofail 0 0
                        /var/log tmpfs defaults 0 2

                        """)
            }
        }
    }
}
