public import Basics
internal import Boot
package import BootEntries

/// What a boot loader starts for an entry of its menu.
package struct EntryFiles: Sendable {
    /// `desktop:latest (fefadf163068)`
    package let title: String
    package let imageID: String
    /// What is to be known of the next boot, where nobody named an entry.
    package let note: String?
    package let options: KernelOptions
    /// First the kernel, then what is loaded with it, in that order, from `tree` on.
    package let files: [Path]
    package let tree: Directory
}

extension Site {
    /// The image of a menu's entry, by the entry's title or its name there; nil where there is none of that name.
    public func imageID(ofEntry name: String) throws(Failure) -> String? {
        try entry(name, among: Deployment.all(on: topLevel).deployments)?.imageID.description
    }

    private func entry(_ name: String, among deployments: [Deployment]) -> Deployment? {
        deployments.first { name == $0.title || name == entryID(of: $0.imageID) }
    }

    /// Those of a deployment, the next boot's unless it is named. Fails where one of its files is not there.
    package func entryFiles(of name: String?) throws(Failure) -> EntryFiles {
        let all = try Deployment.all(on: topLevel).deployments
        let next = try name == nil ? nextBoot(among: all) : nil
        var chosen = next?.deployment
        if let name { chosen = entry(name, among: all) }
        if let name, chosen == nil { chosen = try deployment(name, among: all) }
        guard let chosen else {
            throw Failure("could not tell what the next boot is: nothing was deployed", hint: "deploy an image")
        }
        for file in chosen.files where try !kernels.has(file) {
            throw Failure(
                "could not find '\(kernels.tree.show(kernels.place(of: file)))', which \(chosen.title) boots", hint: "deploy it again")
        }
        return EntryFiles(
            title: chosen.title, imageID: chosen.imageID.description, note: next?.note,
            options: try settings.options(of: chosen.imageID, on: volume), files: chosen.files.map { kernels.place(of: $0) },
            tree: kernels.tree)
    }
}
