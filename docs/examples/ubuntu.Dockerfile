FROM ubuntu:24.04
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    linux-image-generic systemd-sysv udev dbus netplan.io systemd-resolved openssh-server sudo ca-certificates docker.io apparmor \
    console-setup
RUN apt-get clean && rm -f /etc/console-setup/cached_* && systemctl enable systemd-networkd systemd-resolved \
 && echo 'L+! /etc/resolv.conf - - - - ../run/systemd/resolve/stub-resolv.conf' > /etc/tmpfiles.d/00-resolv.conf
