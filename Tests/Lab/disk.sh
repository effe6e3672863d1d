# shellcheck shell=bash
# Disk images. The host's kernel need not know partitions or FAT: a partition is reached by its offset, the ESP by mtools.

# The layout that new-disk makes, in MiB.
export ESP_START=1 ESP_SIZE=63 BTRFS_START=64

# read_area FILE: sets offset and length, in bytes, of partition 2, or of all of FILE if it holds a bare filesystem.
read_area() {
    local sectors
    offset=0 length=$(stat --format %s "$1")
    sectors=$(partx --noheadings --raw --output START,SECTORS --nr 2 "$1" 2> /dev/null) || return 0
    [[ -z $sectors ]] || read -r offset length <<< "$((${sectors% *} * 512)) $((${sectors#* } * 512))"
}

# mount_disk FILE DIR: the filesystem of FILE at DIR until the script ends (btrfs: its top level).
# FILE stays locked as long, also against the lab's boot script: two writers would ruin it.
mount_disk() {
    local lock options offset length
    exec {lock}< "$1"
    flock --nonblock "$lock" || die "$1 is in use"
    read_area "$1"
    options=loop,offset=$offset,sizelimit=$length
    [[ $(blkid --probe --offset "$offset" --output value --match-tag TYPE "$1") != btrfs ]] || options+=,subvolid=5
    mount -o "$options" "$1" "$2"
    defer umount "$2"
}
