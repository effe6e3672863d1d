internal import Basics
internal import Boot
internal import BootEntries
internal import Images
internal import Linux
internal import Planning

extension Site {
    /// Fails where the boot of an image would be refused, for what its entry says of this machine or for what is on the disk. It is
    /// planned as that boot will plan it.
    func checkBoot(of image: Image, in store: StoreFilesystem?) throws(Failure) {
        try checkBoot(
            of: KernelOptions("docker_image", image.reference.text) + KernelOptions("docker_path", settings.storeArgument), in: store)
    }

    /// Why the boot of what is deployed would be refused now, as a note; none where it would not be.
    func refusals(of deployment: Deployment) -> [String] {
        do throws(Failure) {
            try checkBoot(of: KernelOptions("docker_deployed", deployment.imageID.digest.hex), in: nil)
            return []
        } catch {
            return ["the boot of \(deployment.title) would be refused: \(error.note)"]
        }
    }

    /// The same of one that options of the kernel name.
    func checkBoot(of choice: KernelOptions, in store: StoreFilesystem?) throws(Failure) {
        let request = try settings.request(choice, on: volume)
        // What is on another device, and which of several machines' layers it takes, the machine alone knows.
        if let layer = request.topLayer {
            if layer.device != request.root.device { return }
            if try topLevel.target(of: layer.path) == nil {
                throw Failure(
                    "could not find the top layer '\(layer.path)': it is not there",
                    hint: "docker-btrfs setup makes a new one; with --top-layer PATH another one is taken")
            }
            if try topLevel.hasLayersByMachine(at: layer.path) { return }
        }
        let host = Facts.Host(kernelRelease: nil, time: secondsNow())
        let facts = Facts(surveying: topLevel, store: .success(store), topLayer: .success(topLevel), for: request, on: host)
        _ = try Plan(for: request, given: facts)
    }
}
