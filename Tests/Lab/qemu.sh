# shellcheck shell=bash disable=SC2154
# For `boot`: QEMU with the options that it was given.

# Emulation: a /dev/kvm that is there may still not work, and what is tested must not depend on it. A second processor, or one with
# AVX and protections that the emulator has to check at each access, doubles the work of a boot.
machine=(qemu-system-x86_64 -machine q35 -accel 'tcg,thread=multi' -cpu Westmere,+rdrand -smp 1 -m 1024 -nic none -no-reboot
    -display none -monitor none -device virtio-rng-pci)
if [[ $input ]]; then
    ln -s "$(realpath "$input")" "$SCRATCH/console.in"
    ln -s "$(realpath "$log")" "$SCRATCH/console.out"
    machine+=(-chardev "pipe,id=console,path=$SCRATCH/console" -serial chardev:console)
else
    machine+=(-serial "file:$log")
fi
for i in "${!disks[@]}"; do
    # The host's cache outlives the machine: cache=unsafe only loses data if the host itself fails. OVMF wants a bootindex.
    case ${disks[i]} in *.qcow2 | *.vdi) format=${disks[i]##*.} ;; *) format=raw ;; esac
    machine+=(-drive "file=${disks[i]},format=$format,if=none,id=disk$i,cache=unsafe,discard=unmap"
        -device "virtio-blk-pci,drive=disk$i,serial=disk$i,bootindex=$((i + 1))")
done
if [[ $script ]]; then
    machine+=(-serial "file:$script.told" -drive "file=$script,format=raw,if=none,id=script,readonly=on"
        -device "virtio-blk-pci,drive=script,serial=script")
fi
if [[ $uefi ]]; then
    # A fresh copy each time, unless asked otherwise: used variables remember boot entries that failed.
    : "${variables:=$SCRATCH/vars}"
    [[ -e $variables ]] || cp /usr/share/OVMF/OVMF_VARS_4M.fd "$variables"
    machine+=(-drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
        -drive "if=pflash,format=raw,file=$variables")
elif [[ ! $bios ]]; then
    machine+=(-kernel "$kernel" -initrd "$initrd" -append "$append $GUEST_LINE")
fi
exec < /dev/null
