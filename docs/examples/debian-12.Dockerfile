FROM debian:bookworm
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    linux-image-amd64 systemd-sysv udev dbus ifupdown isc-dhcp-client openssh-server sudo ca-certificates docker.io apparmor \
    console-setup
RUN apt-get clean && rm -f /etc/console-setup/cached_*
