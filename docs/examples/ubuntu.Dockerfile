FROM ubuntu:24.04
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    linux-image-generic systemd-sysv udev dbus netplan.io openssh-server docker.io apparmor
RUN apt-get clean && systemctl enable systemd-networkd
