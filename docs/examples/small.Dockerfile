# A machine of one program, busybox, and a kernel with the drivers of a virtual machine: docs/disk-images.md, "A small machine".
FROM debian:bookworm AS parts
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends linux-image-amd64 busybox-static kmod
RUN release=$(ls /lib/modules) \
 && mkdir -p /small/bin /small/sbin /small/etc /small/boot /small/root \
 && cp "/boot/vmlinuz-$release" /small/boot \
 && for name in btrfs virtio_pci virtio_blk virtio_net ahci sd_mod vfat nls_cp437 nls_ascii button evdev; do \
        modprobe --show-depends --set-version "$release" "$name" | sed -n 's/^insmod //p'; \
    done | sort -u | while read -r file _; do cp --parents "$file" /small; done \
 && cp /lib/modules/"$release"/modules.builtin* /lib/modules/"$release"/modules.order /small/lib/modules/"$release" \
 && depmod -b /small "$release" \
 && cp /bin/busybox /small/bin \
 && chroot /small /bin/busybox --install -s /bin \
 && ln -s /bin/busybox /small/sbin/init \
 && echo 'root::0:0:root:/root:/bin/sh' > /small/etc/passwd \
 && printf 'ID=small\nPRETTY_NAME=small\n' > /small/etc/os-release \
 && printf '%s\n' '::sysinit:/bin/hostname -F /etc/hostname' '::respawn:/bin/getty -L 115200 console' '::ctrlaltdel:/bin/reboot' \
        '::shutdown:/bin/umount -a -r' > /small/etc/inittab
FROM scratch
COPY --from=parts /small /
