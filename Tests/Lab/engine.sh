# shellcheck shell=bash
# A Docker daemon of the lab's own, of Debian's docker.io package, unpacked and not installed: see tools.

PATH=$LAB/tools/usr/sbin:$LAB/tools/usr/bin:$PATH

quietly() { "$@" 2> /dev/null; }

# start_docker DIR DRIVER: dockerd with its data in DIR, a directory on btrfs, until the script ends. Exports DOCKER_HOST.
# To be called in a mount namespace of the script's own.
# Nothing of the host's own Docker is read or changed: not its configuration, its sockets, its networks or its packet filter.
start_docker() {
    local data=$1 driver=$2 run=$SCRATCH/docker pid program
    for program in docker dockerd; do
        type -P "$program" > /dev/null || die "could not find '$program' in $LAB/tools, where the script 'tools' unpacks docker.io and docker-cli"
    done
    mkdir "$run"
    printf '{"deprecated-key-path": "%s"}\n' "$run/key.json" > "$run/daemon.json"
    export DOCKER_HOST=unix://$run/docker.sock DOCKER_CONFIG=$run/cli DOCKER_BUILDKIT=0
    # containerd uses these two wherever its data is. The sockets in the first are hidden from any other containerd's.
    mkdir -p /run/containerd
    mount -t tmpfs -o mode=711 containerd /run/containerd
    defer umount /run/containerd
    [[ -e /opt/containerd ]] || defer quietly rmdir /opt/containerd/{bin,lib,}
    # A container in the host's network leaves this behind.
    defer quietly umount "$run/exec/netns/default"
    # The daemon stops its containerd when it is asked to stop; --pdeathsig asks even if this script is killed.
    setpriv --pdeathsig TERM dockerd --storage-driver "$driver" --data-root "$data" --exec-root "$run/exec" \
        --config-file "$run/daemon.json" --host "$DOCKER_HOST" --pidfile "$run/docker.pid" \
        --group root --bridge none --iptables=false --ip6tables=false --ip-forward=false \
        > "$run/log" 2>&1 < /dev/null &
    pid=$!
    defer stop "$pid"
    local deadline=$((SECONDS + 60))
    until docker version > /dev/null 2>&1; do
        kill -0 "$pid" 2> /dev/null || die "dockerd ended: $(tail -n 3 "$run/log")"
        ((SECONDS < deadline)) || die "dockerd does not answer after 60 s: $(tail -n 3 "$run/log")"
        sleep 0.2
    done
}
