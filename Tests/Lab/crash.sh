# shellcheck shell=bash disable=SC2154
# For crash-run and crash-deploy-run: a guest whose disk's writes are logged. Its shell is busybox.

# crash_guest DIR: what every such guest needs of a system, in DIR. The kernel is the lab's, and so are its modules: those whose
# paths have one of `crash_modules` in them.
crash_guest() {
    local applet path keep=()
    mkdir -p "$1"/{bin,dev,etc,proc,sys,run}
    cp "$crash/busybox" "$1/bin"
    for applet in $("$crash/busybox" --list); do [[ -e $1/bin/$applet ]] || ln -s busybox "$1/bin/$applet"; done
    mkdir "$SCRATCH/initrd"
    (cd "$SCRATCH/initrd" && zstd -dcq < "$LAB/initrd.img" | "$crash/busybox" cpio -id 2> /dev/null)
    mv "$SCRATCH/initrd/usr/lib" "$1/lib"
    find "$1/lib" -mindepth 1 ! -path "$1/lib/modules*" -delete
    for path in /crypto/ /btrfs/ /lib/ /virtio "${crash_modules[@]}"; do keep+=(! -path "*$path*"); done
    find "$1/lib" -name '*.ko' "${keep[@]}" -delete
}

# crash_boot DIR DISK LOG SECONDS [OPTION...]: boots DIR as the initramfs of a guest with DISK, whose writes go to LOG (the kernel's
# dm-log-writes format). OPTIONs are QEMU's.
crash_boot() {
    (cd "$1" && find . | "$crash/busybox" cpio -o -H newc > "$SCRATCH/initrd.img" 2> /dev/null)
    rm -f "$3"
    truncate -s 0 "$3"
    setpriv --pdeathsig TERM timeout --foreground "$4" qemu-system-x86_64 \
        -machine q35 -accel tcg,thread=multi -cpu Westmere,+rdrand -smp 2 -m 768 -nic none -no-reboot -display none -monitor none -serial stdio \
        -kernel "$LAB/vmlinuz" -initrd "$SCRATCH/initrd.img" -append "console=ttyS0 panic=-1 quiet $GUEST_LINE" \
        -blockdev "driver=file,node-name=data,filename=$2,cache.no-flush=on" \
        -blockdev "driver=file,node-name=log,filename=$3,cache.no-flush=on" \
        -blockdev driver=blklogwrites,node-name=logged,file=data,log=log,log-sector-size=512 \
        -device virtio-blk-pci,drive=logged "${@:5}" < /dev/null > "$3.console"
    grep -q '^== done' "$3.console" || die "the guest did not come to its end; its console is in $3.console"
}
