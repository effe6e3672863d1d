internal import Basics
internal import Boot

/// Kernel command lines that the image brings: that of a unified kernel image, and those that dracut keeps.
func commandLines(in image: InitramfsImage) -> [Finding] {
    var findings: [Finding] = []
    if let line = image.commandLine {
        let asksForUs = Request.isAsked(by: KernelCommandLine(line.utf8))
        findings.append(
            Finding(
                mark: asksForUs ? .ok : .missing, subject: "command line",
                text: asksForUs ? line : "there is no \(Request.optIns) on '\(line)'"))
    }
    for path in image.paths where path.parent == "etc/cmdline.d" {
        let line = display(image.lines(of: path).joined(separator: " ").utf8)
        if line.contains("rootflags=") {
            let text = "\(path) has '\(line)', which root= and rootflags= in the menu entry replace: say both there"
            findings.append(Finding(mark: .note, subject: "command line", text: text))
        }
    }
    return findings
}
