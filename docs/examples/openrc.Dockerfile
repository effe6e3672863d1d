# sysvinit with OpenRC. Its disk has a login on the serial port with --fix.
FROM debian:bookworm
RUN apt-get update \
 && INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    linux-image-cloud-amd64 sysvinit-core openrc udev ifupdown isc-dhcp-client
RUN apt-get clean
