public import Basics
internal import Boot
internal import BootEntries
internal import Planning

extension Site {
    /// What a boot would be started with of that image, or that goes on with that root; of neither, the next one. An image that is in
    /// the store needs not be deployed, and needs no init.
    public func start(of image: String?, root number: Int?) throws(Failure) -> BootStart {
        let all = try Deployment.all(on: topLevel).deployments
        if let image {
            return try start(choosing: image, among: all)
        }
        var options: KernelOptions
        var release = ""
        var notes: [String] = []
        if let (next, note) = try nextBoot(among: all) {
            options = try settings.options(of: next.imageID, on: volume)
            release = next.release
            if let note, number == nil { notes.append(note) }
        } else if let number {
            // Of a root nothing else is asked.
            options =
                try settings.options(of: KernelOptions("docker_image", root(number).root.mark.origin.imageID.description), on: volume)
                + KernelOptions("docker_path", "/")
        } else {
            throw Failure("could not tell what the next boot is: nothing was deployed", hint: "name an image, or deploy one")
        }
        if let number { options = try options + KernelOptions("docker_root", "\(root(number).number)") }
        return BootStart(options: options.description, release: release, notes: notes)
    }

    /// The image of the store; where that has it no more, the deployment of that name.
    private func start(choosing text: String, among deployments: [Deployment]) throws(Failure) -> BootStart {
        do throws(Failure) {
            _ = try image(ImageReference(text), in: storeFilesystem())
            // Whatever a system needs to boot, a shell and its name are enough to be entered.
            let store = try KernelOptions("docker_path", settings.storeArgument)
            let image = try KernelOptions("docker_image", text) + store + KernelOptions("init", "/bin/sh")
            return BootStart(options: try settings.options(of: image, on: volume).description, release: "")
        } catch {
            guard let known = try? deployment(text, among: deployments) else { throw error }
            return BootStart(options: try settings.options(of: known.imageID, on: volume).description, release: known.release)
        }
    }
}
