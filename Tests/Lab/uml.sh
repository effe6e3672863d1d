# shellcheck shell=bash disable=SC2034,SC2154
# For `boot`: User-Mode Linux, or the kernel that is one, with the options that it was given. Disks are /dev/ubda, /dev/ubdb and so on.

[[ $# == 0 && ! $uefi$bios && ! $input ]] || die "--uml goes without firmware, input and arguments of QEMU's"

# A word each: where it sees no root= and no console=, it adds its own.
read -ra words <<< "$append"
# /dev/console is tty0, which the last console= names, and a boot that restarts is over. TMPDIR is where its memory lies.
[[ $kernel != "$LAB/vmlinuz" ]] || kernel=$LAB/tools/usr/bin/linux.uml
machine=(env TMPDIR="$SCRATCH" "$kernel" "${words[@]}" mem=512M noreboot printk.time=1 "initrd=$initrd"
    console=tty0 con=null "con0=null,fd:1" ssl=null)
for i in "${!disks[@]}"; do machine+=("ubd$i=${disks[i]},,disk$i"); done
if [[ $script ]]; then
    exec {told}> "$script.told"
    machine+=("ubd15r=$script,,script" "ssl1=null,fd:$told")
fi
ulimit -c 0
# It has no use for an input, but spins where that has ended.
mkfifo "$SCRATCH/input"
exec {quiet}<> "$SCRATCH/input" <&"$quiet" >> "$log"
