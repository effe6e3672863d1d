FROM fedora:42
RUN dnf install --assumeyes --setopt=install_weak_deps=False \
    kernel-core systemd systemd-udev systemd-networkd passwd openssh-server moby-engine
RUN dnf clean all && systemctl enable systemd-networkd sshd docker
