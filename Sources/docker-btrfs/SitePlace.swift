import ArgumentParser
import Basics
import Deployments

/// Where the machine's btrfs and its boot loader are.
struct SitePlace: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where the top level of the btrfs is mounted; looked for unless given.", valueName: "dir"),
        completion: .directory)
    var topLevel: String?

    @Option(
        help: ArgumentHelp("Where the boot loader's partition is mounted, if not where setup found it.", valueName: "dir"),
        completion: .directory)
    var boot: String?

    func site(isLocked: Bool = false, loader need: Site.LoaderNeed = .present) throws(Failure) -> Site {
        try Site(topLevel: topLevel, boot: boot, isLocked: isLocked, loader: need)
    }

    /// nil where nothing was set up.
    func found(isLocked: Bool, loader need: Site.LoaderNeed) throws(Failure) -> Site? {
        try Site.found(topLevel: topLevel, boot: boot, isLocked: isLocked, loader: need)
    }
}

/// Where deployments are, and whether they are changed.
struct DeploymentPlace: ParsableArguments {
    @OptionGroup var place: SitePlace

    @Flag(help: "Print what would be done, one line each, and change nothing.")
    var dryRun = false

    /// Nobody else changes anything there from now on, unless this is a dry run.
    func open(loader need: Site.LoaderNeed = .present) throws(Failure) -> Site {
        try place.site(isLocked: !dryRun, loader: need)
    }

    func finish(_ plan: DeploymentPlan) throws(Failure) { try plan.finish(dryRun: dryRun) }
}

extension DeploymentPlan {
    /// Performs it, or prints what would be done.
    func finish(dryRun: Bool) throws(Failure) {
        if dryRun {
            lines.forEach(show)
            if lines.isEmpty { show("nothing is to be done") }
        } else {
            try perform(say: show)
            outcome.forEach(show)
        }
        for note in notes { tell(note: note) }
    }
}
