FROM archlinux
RUN pacman --sync --refresh --sysupgrade --noconfirm linux openssh docker
RUN pacman --sync --clean --clean --noconfirm && systemctl enable systemd-networkd systemd-resolved sshd docker \
 && echo 'L+! /etc/resolv.conf - - - - ../run/systemd/resolve/stub-resolv.conf' > /etc/tmpfiles.d/00-resolv.conf
