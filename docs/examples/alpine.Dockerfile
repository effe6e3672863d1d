# Alpine: musl, busybox, OpenRC. Written from what Alpine documents, and not tried by us: a registry was out of reach.
FROM alpine:3.22
RUN apk add --no-cache linux-virt openrc busybox-openrc busybox-mdev-openrc ifupdown-ng \
 && rm -f /boot/initramfs-* \
 && for name in devfs dmesg mdev; do rc-update add "$name" sysinit; done \
 && for name in hwclock modules sysctl hostname bootmisc networking syslog; do rc-update add "$name" boot; done \
 && for name in mount-ro killprocs savecache; do rc-update add "$name" shutdown; done
