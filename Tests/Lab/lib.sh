# shellcheck shell=bash
# What the lab's scripts have in common. Sourced first; every script of the lab runs as root.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HERE=$REPO/Tests/Lab
LAB=${LAB:-$REPO/.build/lab}
# The Debian that is made and booted.
SUITE=${SUITE:-bookworm}
EXAMPLES=$REPO/docs/examples
# What every guest's kernel is told beside its own command line. On a busy host the emulated timer may be too late for the kernel's
# check of it, and what the kernel does against faults of real processors doubles the work of an emulator.
GUEST_LINE='no_timer_check mitigations=off'
# What `initramfs` and `matrix` make of that Debian, and the program that goes into its initramfs: the one that is packaged for all of them.
SYSTEM=$LAB/initramfs MATRIX=$LAB/matrix INIT=$REPO/.build/bin/docker-btrfs-init
[[ $SUITE == bookworm ]] || { SYSTEM+=-$SUITE MATRIX+=-$SUITE; }
export SYSTEM MATRIX INIT LAB SUITE REPO HERE EXAMPLES GUEST_LINE

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

((EUID == 0)) || die "the lab must run as root: it mounts disk images and runs a Docker daemon of its own"
umask 022
export LC_ALL=C.UTF-8
mkdir -p "$LAB/logs"

# defer COMMAND...: COMMAND runs when the script ends, however it ends; the last one deferred runs first.
# A signal becomes an exit, so that one trap serves all.
deferred=()
defer() { deferred+=("$(printf '%q ' "$@")"); }
run_deferred() {
    local status=$? i
    trap '' INT TERM HUP
    for ((i = ${#deferred[@]} - 1; i >= 0; i--)); do eval "${deferred[i]}" || true; done
    exit "$status"
}
trap run_deferred EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# A directory for what is gone with the script.
SCRATCH=$(mktemp -d -t docker-btrfs-lab.XXXXXX)
defer rm -rf --one-file-system "$SCRATCH"

# step TEXT COMMAND...: one progress line and the seconds it took; the output goes to a log, which is shown if COMMAND fails.
step() {
    local text=$1 log=$LAB/logs/${2##*/}.log start=$SECONDS
    printf '%s' "==> $text " >&2
    "${@:2}" > "$log" 2>&1 < /dev/null || {
        printf 'failed:\n' >&2
        tail -n 20 "$log" >&2
        die "could not finish '$text'; all of it is in $log"
    }
    printf '(%d s)\n' $((SECONDS - start)) >&2
}

# debian TARGET [PACKAGES]: makes a minimal Debian $SUITE with these packages, or what else mmdebstrap has as $VARIANT, from where this host gets its own; that knows best.
# A suite that is not the host's is there with its updates and its security archive, where the host has its own of those, and sid has none.
debian() {
    local codename files file more='(-updates|-security)?'
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mapfile -t files < <(grep --files-with-matches --no-messages --recursive --extended-regexp "^[^#]*[[:space:]]${codename:-sid}" \
        --include=sources.list --include='*.list' --include='*.sources' /etc/apt)
    ((${#files[@]})) || die "could not find where this host gets Debian's packages from: no file of /etc/apt names '${codename:-sid}'"
    if [[ $codename != "$SUITE" ]]; then
        [[ $SUITE != sid ]] || more=''
        mkdir "$SCRATCH/sources"
        for file in "${files[@]}"; do
            case $file in
                *.sources)
                    awk -v form="^${codename:-sid}$more\$" -v old="^${codename:-sid}" -v suite="$SUITE" '
                        BEGIN { RS = ""; FS = OFS = "\n"; ORS = "\n\n" }
                        {
                            suites = ""
                            for (i = 1; i <= NF; i++) {
                                if ($i !~ /^Suites:/) continue
                                count = split(substr($i, 8), words, " ")
                                for (k = 1; k <= count; k++)
                                    if (words[k] ~ form) { sub(old, suite, words[k]); suites = suites " " words[k] }
                                $i = "Suites:" suites
                            }
                            if (suites != "") print
                        }' "$file" ;;
                *)
                    sed --quiet --regexp-extended \
                        "/^deb (\[[^]]*\] )?[^ ]+ ${codename:-sid}$more /{s/ ${codename:-sid}/ $SUITE/;p}" "$file" ;;
            esac > "$SCRATCH/sources/${file##*/}"
        done
        files=("$SCRATCH/sources"/*)
    fi
    apt-config dump --format '%f "%v";%n' Acquire > "$SCRATCH/acquire"
    mmdebstrap --variant="${VARIANT:-minbase}" --aptopt="$SCRATCH/acquire" ${2:+--include="$2"} "$SUITE" "$1" "${files[@]}"
}

# stop PID: ends a process of ours and waits until it is gone.
stop() {
    kill "$1" 2> /dev/null || return 0
    wait "$1" 2> /dev/null || true
}
