FROM archlinux
RUN pacman --sync --refresh --sysupgrade --noconfirm linux openssh docker
RUN pacman --sync --clean --clean --noconfirm && systemctl enable systemd-networkd sshd docker
