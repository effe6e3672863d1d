FROM debian:trixie
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    linux-image-amd64 systemd-sysv udev dbus ifupdown isc-dhcp-client openssh-server docker.io docker-cli apparmor
RUN apt-get clean
