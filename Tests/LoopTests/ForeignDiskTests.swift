import TestSupport
import Testing

extension Beside {
    /// The file of a disk that somebody else made.
    struct ForeignDiskTests {
        @Test func `a disk that names another file of the machine is not run`() async throws {
            let script = """
                cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
                truncate -s 1M secret whole.raw
                for format in qcow2 vmdk vdi vhdx; do qemu-img create -q -f $format whole.$format 1M; done
                qemu-img create -q -f vpc -o force_size=on whole.vhd 1M; qemu-img create -q -f vpc -o subformat=fixed whole.vpc 1M
                qemu-img create -q -f qcow2 -o compat=0.10 old.qcow2 1M; qemu-img create -q -f vmdk -o subformat=streamOptimized stream.vmdk 1M
                qemu-img create -q -f qcow2 -b secret -F raw backing.qcow2; qemu-img create -q -f qcow2 -o data_file=data,data_file_raw=on data.qcow2 1M
                qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 1M; qemu-img create -q -f vmdk -b whole.vmdk -F vmdk parent.vmdk
                qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse parts.vmdk 1M
                # A sparse file without a capacity, whose descriptor names extents.
                cp whole.vmdk inside.vmdk; head -c 8 /dev/zero | dd of=inside.vmdk bs=1 seek=12 conv=notrunc status=none
                # As QEMU reads it, two bytes behind that word say nothing.
                perl -0pe 's/(parentFileNameHint)="/$1\\xcc\\x81/' parent.vmdk > accent.vmdk; ! cmp -s parent.vmdk accent.vmdk
                for disk in whole.* old.qcow2 stream.vmdk; do "$1" run $disk --dry-run > told 2>&1 || { echo "$disk"; cat told; }; done
                printf '127.0.0.1 localhost this-machine\n' | tee text.qcow2 text.vdi text.vhdx text.vhd > text.vmdk
                cp whole.qcow2 wrong.vdi; cp whole.qcow2 wrong.raw; cp whole.vhdx wrong.img; : > empty.raw
                for disk in text.qcow2 text.vmdk text.vdi text.vhdx text.vhd wrong.vdi wrong.raw wrong.img empty.raw backing.qcow2 data.qcow2 flat.vmdk parent.vmdk accent.vmdk parts.vmdk inside.vmdk; do
                    ! "$1" run $disk --dry-run 2>&1 | grep '^Error'
                done
                """
            #expect(
                try await output(of: ["bash", "-euo", "pipefail", "-c", script, "bash", Repository.companion]) == """
                    Error: could not run 'text.qcow2': it is no qcow2
                    Error: could not run 'text.vmdk': it is no vmdk
                    Error: could not run 'text.vdi': it is no vdi
                    Error: could not run 'text.vhdx': it is no vhdx
                    Error: could not run 'text.vhd': it is no vhd
                    Error: could not run 'wrong.vdi': it is a disk in the format qcow2
                    Error: could not run 'wrong.raw': it is a disk in the format qcow2
                    Error: could not run 'wrong.img': it is a disk in the format vhdx
                    Error: could not run 'empty.raw': it is empty
                    Error: could not run 'backing.qcow2': it lies on a backing file, which may be any file of this machine
                    Error: could not run 'data.qcow2': its data are in another file, which may be any file of this machine
                    Error: could not run 'flat.vmdk': its data are in other files, which may be any file of this machine
                    Error: could not run 'parent.vmdk': it lies on a parent, which may be any file of this machine
                    Error: could not run 'accent.vmdk': it lies on a parent, which may be any file of this machine
                    Error: could not run 'parts.vmdk': its data are in other files, which may be any file of this machine
                    Error: could not run 'inside.vmdk': its data are in other files, which may be any file of this machine

                    """)
        }

        @Test func `a disk that others can write to is run where it can name no other file`() async throws {
            let script = """
                cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
                for format in qcow2 vmdk raw; do
                    qemu-img create -q -f $format disk.$format 1M
                    for change in 'chown 54321' 'chown 0:54321' 'chmod 620' 'chown 0:0' 'setfacl -m user:54321:rw' 'setfacl -b' 'chmod 602'; do
                        $change disk.$format; "$1" run disk.$format --dry-run > told 2>&1 || { echo "$change"; grep '^Error' told; }
                    done
                done
                mkdir -p other/in; chown 54321 other
                ! "$1" run image --folder other/in 2>&1 | grep '^Error' | sed "s|'$PWD/|'/|"
                """
            let refusals = ["qcow2", "vmdk"].map { format in
                let error = "Error: could not run 'disk.\(format)': others can write to it, and have it name any file of this machine\n"
                let owner = error.replacing("others can write to it, and", with: "it belongs to the user 54321, who can")
                return "chown 54321\n\(owner)" + ["chmod 620", "setfacl -m user:54321:rw", "chmod 602"].map { "\($0)\n\(error)" }.joined()
            }
            #expect(
                try await output(of: ["bash", "-euo", "pipefail", "-c", script, "bash", Repository.companion])
                    == refusals.joined()
                    + "Error: could not make a folder in 'other/in': '/other' belongs to the user 54321, who can rename what is in it\n")
        }
    }
}
