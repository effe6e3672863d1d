/// An image and a top layer that do not go together well.
struct HostileCase {
    let name: String
    /// Bash that makes the image's side, in the directory `$here` of the image.
    let image: String
    /// Bash that makes the layer's side, in the same directory of the layer.
    let layer: String
    /// Bash that tells what stands there afterwards.
    let look: String
    /// What it tells, or the words of the error.
    let end: [String]
    /// What is told of the image's files that had to go, sorted: name, kind of its successor and its own.
    let notes: [String]

    init(_ name: String, image: String, layer: String, look: String = "list", end: [String], notes: [String] = []) {
        self.name = name
        self.image = image
        self.layer = layer
        self.look = look
        self.end = end
        self.notes = notes
    }

    /// The case's directory, in the image, the layer and the root.
    var place: String { "/cases/" + name.replacing(/[^a-z0-9]+/, with: "-") }

    /// What all snippets may use. `$up` leads from the new root to the top level and above, `$victims` is a directory of the
    /// machine itself.
    static func words(victims: String) -> String {
        #"""
        umask 022; top=$PWD; victims='\#(victims)'; up=../../../../../../../..
        trap 'echo "in $here" >&2' ERR
        new() { local f; for f; do mkdir -p "$(dirname "$f")"; echo new > "$f"; done; }
        old() { local f; for f; do mkdir -p "$(dirname "$f")"; echo old > "$f"; done; }
        socket() { perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die' "$1"; }
        # chain N: links of this name 1, 2 ... up to N, which is a directory.
        chain() { local n; for ((n = 1; n < $1; n++)); do ln -s $((n + 1)) $n; done; mkdir "$1"; }
        # deep N COMMAND: runs it N directories of 255 letters further down.
        deep() {
            perl -e '$n = shift; $d = "d" x 255; for (1..$n) { mkdir $d; chdir $d or die } exec @ARGV or die' "$@"
        }
        show() {
            if [[ -L $1 ]]; then echo "$1 -> $(readlink "$1")"
            elif [[ -d $1 ]]; then echo "$1/"
            elif [[ -f $1 ]]; then echo "$1: $(< "$1")"
            else echo "$1: $(stat --format '%F' "$1")"; fi
        }
        list() { local f; find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z | while IFS= read -r -d '' f; do show "$f"; done; }
        begin() { here=$2; mkdir -p "$top/$1$2"; cd "$top/$1$2"; }
        look() { here=$2; cd "$top/$1$2"; echo "=== $2"; }

        """#
    }
}

extension [HostileCase] {
    /// Makes both sides of all cases.
    func making(image: String, in layers: HostileDisk.Layers) -> String {
        map { "begin \(image) \($0.place)\n\($0.image)\nbegin \(layers.path($0)) \($0.place)\n\($0.layer)\n" }.joined()
    }

    /// Tells what stands in a root, each case's part below its place.
    func looking(in root: String) -> String {
        map { "look \(root) \($0.place)\n\($0.look)\n" }.joined()
    }
}
