/// Bash that tells all of a directory that a program can change: content, attributes and times, but those of the directory itself.
func inventoryScript(of place: String, but left: String = "") -> String {
    """
    (cd '\(place)'; mapfile -t files < <(ls -A | grep --invert-match --line-regexp --extended-regexp '\(left)')
    find "${files[@]}" -printf '%p %y %m %U:%G %s %T@ %C@ %i %n %l\\n' | LC_ALL=C sort
    \(archive()))

    """
}

/// Bash that tells what of a root is the same whenever it is made: not inodes, and not the times of what the boot itself makes.
func contentScript(of place: String) -> String {
    """
    (cd '\(place)'; mapfile -t files < <(ls -A)
    find "${files[@]}" ! -path dev ! -path proc ! -path run ! -path sys ! -path tmp -printf '%p %y %m %U:%G %T@ %n %l\\n' | LC_ALL=C sort
    \(archive("--mtime=@0 --pax-option=delete=atime,delete=ctime")))

    """
}

/// Stands for the content and attributes of `files`.
private func archive(_ options: String = "") -> String {
    "tar --create --sort=name --acls --xattrs --xattrs-include='*' --atime-preserve=system \(options) \"${files[@]}\" 2> /dev/null | sha256sum"
}
