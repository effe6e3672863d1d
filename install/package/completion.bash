# shellcheck shell=bash
# Bash takes a word apart at each ':', which names of images have. Here a word is what lies between blanks; what bash replaces begins behind
# its last ':'.
__docker-btrfs_names() {
    local cur=$2
    if [[ $COMP_LINE != *:* || $COMP_WORDBREAKS != *:* ]]; then
        _docker-btrfs "$@"
    else
        local line=${COMP_LINE:0:COMP_POINT}
        local -a COMP_WORDS
        read -ra COMP_WORDS <<< "$line"
        [[ $line != *[[:blank:]] ]] || COMP_WORDS+=('')
        local -i COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        cur=${COMP_WORDS[COMP_CWORD]}
        _docker-btrfs "$1" "$cur" "${COMP_WORDS[COMP_CWORD - 1]}"
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
    fi
    # Names of files get a backslash before what a shell knows.
    [[ $cur${COMPREPLY[*]} != *:* ]] || compopt +o filenames
}

complete -o filenames -F __docker-btrfs_names docker-btrfs
