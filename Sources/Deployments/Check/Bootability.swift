public import Basics
internal import Boot
public import Images

/// Whether an image of a list can be booted: by deploying it, or by a boot that names it.
public struct Bootability: Sendable {
    /// One or two words for a column.
    public enum Verdict: String, Sendable {
        case yes
        /// The store has not all of it, or it is damaged.
        case incomplete
        /// It is for another one.
        case platform
        case noInit = "no init"
        /// It has neither a kernel nor the modules of the running one.
        case noKernel = "no kernel"
        /// Anything else.
        case no
    }

    public let verdict: Verdict
    /// Its files, where it can be booted.
    public let tree: ImageTree?
    /// Why it cannot be booted.
    public let reason: Failure?

    /// `root` is where the store was looked for, `release` the running kernel's; nil for one that takes no modules. With `hasKernelBeside`
    /// the top layer brings a kernel.
    public init(of line: ListedImage, in root: Directory, kernel release: String?, hasKernelBeside: Bool) {
        var verdict = Verdict.incomplete
        do throws(Failure) {
            let image = try line.image.get()
            verdict = .platform
            try checkPlatform(image)
            verdict = .incomplete
            let files = try image.files(in: root)
            // Of what a boot looks at, only what may refuse it: a list has some hundred images.
            do throws(Failure) {
                try Facts.Contents.checkInit(of: files, of: image.reference.text)
                try [files].checkMachine(of: image.reference.text, nil)
            } catch {
                verdict = try files.hasInit() ? .no : .noInit
                throw error
            }
            verdict = .no
            try Facts.Contents.checkOwner(of: files, of: image.reference.text)
            verdict = .noKernel
            let lacksKernel =
                switch try Facts.Modules(of: [files], Facts.Host(kernelRelease: release, time: 0)) {
                case .present, .unknown: false
                case .absent: try ImageKernel.kernels(in: files).isEmpty
                // Without any modules it has no kernel that `deploy` takes.
                case .notNeeded: release != nil
                }
            if lacksKernel && !hasKernelBeside {
                throw Failure(
                    """
                    could not use the image '\(image.reference.text)': it has no kernel, and no modules for the running kernel \
                    \(release ?? "")
                    """)
            }
            (self.verdict, tree, reason) = (.yes, image.tree, nil)
        } catch let failure {
            (self.verdict, tree, reason) = (verdict, nil, failure)
        }
    }

    /// Whether this machine's top layer has a kernel, by which `deploy` starts an image without one; false where that is not known.
    public static func hasKernelInTopLayer() -> Bool {
        guard let site = try? Site(topLevel: nil, boot: nil, isLocked: false, loader: .ifFound),
            let topLayer = try? site.topLevel.directory(at: site.settings.topLayer),
            let kernels = try? ImageKernel.kernels(in: ImageFiles(of: [topLayer]))
        else { return false }
        return !kernels.isEmpty
    }
}

extension ImageFiles {
    func hasInit() throws(Failure) -> Bool { try initProgram() != nil }
}
