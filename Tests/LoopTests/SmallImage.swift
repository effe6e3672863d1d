import TestSupport

/// A small image that boots, as scripts in Bash: some of this machine's own programs, and what overlayfs makes of removals.
enum SmallImage {
    /// Makes the context of a build in the new directory `$context`.
    static let context = """
        context=$(mktemp -d); trap 'rm -rf "$context"' EXIT
        root=$context/root; mkdir -p "$root"/{boot,etc,dev,proc,run,sys,srv/{gone,again,kept},tmp,usr/{bin,lib/modules/6.1,lib64,sbin}}
        for name in bin lib lib64 sbin; do ln -s "usr/$name" "$root/$name"; done
        # With the libraries that these name.
        for program in bash rm mkdir chmod ln; do cp "$(type -P "$program")" "$root/usr/bin"; done
        for library in $(ldd "$root"/usr/bin/* | grep -o '/[^ ]*lib[^ ]*' | grep -v ':$' | sort -u); do cp --parents --dereference "$library" "$root"; done
        printf 'ID=sample\\n' > "$root/usr/lib/os-release"
        printf '#!/bin/sh\\n' > "$root/usr/bin/init"; chmod 4755 "$root/usr/bin/init"
        printf 'MZ: a kernel\\n' > "$root/boot/vmlinuz-6.1"
        : > "$root/usr/lib/modules/6.1/modules.dep"
        printf 'kernel/fs/btrfs/btrfs.ko\\n' > "$root/usr/lib/modules/6.1/modules.builtin"
        printf 'old\\n' | tee "$root"/srv/{gone,again,kept}/{one,two} > /dev/null
        setcap cap_net_raw+ep "$root/usr/bin/init"
        setfattr --name user.note --value 'a note' "$root/srv/kept/one"
        tar --create --xattrs --xattrs-include='*' --directory "$root" --file "$context/root.tar" .
        rm -r "$root"
        printf '1\\n' > "$context/version"
        cat > "$context/Dockerfile" <<'END'
        FROM scratch
        ADD root.tar /
        RUN ["/bin/bash", "-ec", "rm -r /srv/gone /srv/again; mkdir /srv/again; echo new > /srv/again/three; chmod 700 /srv/kept"]
        RUN ["/bin/bash", "-ec", "ln -s /usr/bin/init /usr/sbin/init; ln /srv/kept/one /srv/kept/link; rm /srv/kept/two"]
        COPY version /etc/version
        END
        """

    /// The function `listing`: what can be told of the tree below, a line for each file: of a directory all but its size, which is the
    /// filesystem's own affair.
    static let listing = """
        listing() {
            find . '(' -type d -printf '%p %y %m %U:%G %T@\\n' ')' -o -printf '%p %y %m %U:%G %T@ %s %l\\n' | LC_ALL=C sort
            find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
            find . -print0 | LC_ALL=C sort -z | xargs -0 getfattr --no-dereference --dump --match '^(user|security.capability)' | sed '/^$/d'
        }
        """
}
