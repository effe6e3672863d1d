internal import Basics
internal import Boot
internal import BootEntries
internal import Images

/// What deployments lack.
extension Site {
    /// Whether all that a deployment had when it was made is still there, once the files of a new one are written.
    func isWhole(_ deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> Bool {
        try damage(of: deployment, beside: new) == nil
    }

    /// What brings back what a deployment lacks, which is the next boot or is to be that, unless it is an earlier one. Its name may mean
    /// another image by now.
    func remedy(for deployment: Deployment, isEarlier: Bool = false) -> String {
        let store = try? storeFilesystem()
        let isMeant = (try? image(deployment.reference, in: store))?.id == deployment.imageID
        let isHeld = topLevel.held(deployment.chainID) != nil
        if isMeant || isHeld || (try? image(ImageReference(deployment.imageID), in: store)) != nil {
            let result = isEarlier ? "writes it anew and makes it the next boot; 'docker-btrfs rollback' goes back" : "writes it anew"
            return "'docker-btrfs deploy \(isMeant ? deployment.reference.description : deployment.shortID)' \(result)"
        }
        return "its image is in the store no more: 'docker-btrfs rm \(deployment.shortID)', once another one is next"
    }

    /// Why a deployment cannot be booted, with 'its' for it; nil where all that it had when it was made is still there. The layer and the files
    /// of a new one are there before the menu.
    func damage(of deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> String? {
        if new?.chainID != deployment.chainID, topLevel.held(deployment.chainID) == nil {
            return "its layer is not held as '\(Layout.hold(deployment.chainID))' any more"
        }
        return try kernelDamage(of: deployment, beside: new)
    }

    /// The same of what the boot loader reads, where the files of a new one are written first.
    func kernelDamage(of deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> String? {
        for file in deployment.files where new?.files.contains(file) != true {
            if try kernels.has(file) { continue }
            return "its kernel's file '\(file.name)' is not in '\(kernels.tree.show(kernels.path))'"
        }
        if deployment.isUnified && loader?.kind == .grub { return "GRUB does not start its unified kernel image" }
        return nil
    }
}
