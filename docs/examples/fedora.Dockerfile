FROM fedora:42
RUN dnf install --assumeyes --setopt=install_weak_deps=False \
    kernel-core systemd systemd-udev systemd-networkd systemd-resolved kbd passwd openssh-server moby-engine
RUN dnf clean all && systemctl enable systemd-networkd systemd-resolved sshd docker \
 && mkdir -p /etc/tmpfiles.d \
 && echo 'L+! /etc/resolv.conf - - - - ../run/systemd/resolve/stub-resolv.conf' > /etc/tmpfiles.d/00-resolv.conf
