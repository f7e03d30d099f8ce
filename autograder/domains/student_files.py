"""Keeps the judge from running what a student's file says, by whatever route a test takes.

A file of the student's may be read as data. Python tells an audit hook of what it opens, compiles,
runs and starts, so one hook sees importers, ``%run``, ``runpy``, ``exec(open(...).read())`` and
their kin. What it cannot see is in `docs/threat-model.md`, under "What does not
hold".
"""

from __future__ import annotations

import ast
import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

#: Parts of Python that open a file only to run what it says, by the names of their modules.
LOADERS = ("importlib._bootstrap_external", "zipimport", "runpy")
LOADED = tuple(f"<frozen {name}>" for name in LOADERS)
#: What hands text to the compiler by itself: a test, and modules that run lines of a file.
RUNNERS = ("__main__", "bdb", "code", "codeop", "doctest", "site", "timeit")
#: Programs that can import a file without being told of it, and those that run one they are given.
INTERPRETERS = re.compile(r"(?:python|pypy|ipython|pytest|py\.test|jupyter)[\d.]*")
SHELLS = re.compile(r"(?:ba|da|k|z)?sh|source|\.|env|make|node|perl|ruby|Rscript|julia")
#: What separates the words of a command.
BETWEEN = re.compile(r"[\s'\"|&;<>()$`]+")
#: How large a file may be whose text is remembered, in bytes.
LARGEST = 4 << 20


class StudentFileError(PermissionError):
    """A test would run what a student's file says in the judge's process.

    Libraries that look for files take it for a file that they may not read.
    """


class StudentFiles:
    """Knows which files are the student's, and refuses to run them.

    Parameters
    ----------
    place
        The folder in which the judge sees them.
    """

    def __init__(self, place: Path) -> None:
        self._place = os.path.realpath(place)
        self._texts: set[bytes] = set()  # digests of what was opened
        self._opened = ""  # the last one that the running cell opened
        self._busy = False

    def watch(self) -> None:
        """Look at everything that this process does from now on."""
        sys.addaudithook(self._hook)

    def begin_cell(self) -> None:
        """Forget what the cell before opened, but for the texts."""
        self._opened = ""

    def holds(self, path: Any) -> bool:
        """Tell whether a file is the student's, whatever path or descriptor leads to it."""
        if isinstance(path, int):
            path = f"/proc/self/fd/{path}"
        try:
            real = os.path.realpath(os.fsdecode(path))
        except (TypeError, ValueError, OSError):
            return False
        return real == self._place or real.startswith(self._place + os.sep)

    def check(self, path: Any) -> None:
        """Refuse to run a file of the student's.

        Parameters
        ----------
        path
            Any path; one that is not the student's is passed over.

        Raises
        ------
        StudentFileError
            If it is the student's.
        """
        if self.holds(path):
            _refuse(os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "")

    def check_command(self, words: list[Any], cwd: Any = None) -> None:
        """Refuse to start a program that would run a file of the student's.

        Parameters
        ----------
        words
            The program and its arguments; each may be a line of a shell's language.
        cwd
            Where it is to run; None means here.

        Raises
        ------
        StudentFileError
            If it is Python, or is given a file of the student's to run.
        """
        parts = [part for word in words for part in BETWEEN.split(_text(word)) if part]
        names = [Path(part).name or part for part in parts]
        if any(INTERPRETERS.fullmatch(name) for name in names):
            _refuse("", "start a Python that can run a student's file")
        if any(SHELLS.fullmatch(name) for name in names):
            for part in parts:
                path = Path(_text(cwd), part)
                if path.is_file():
                    self.check(path)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        look = _EVENTS.get(event)
        if look is None or self._busy:
            return
        with self._alone():
            look(self, args, sys._getframe(1))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def _open(self, args: tuple[Any, ...], frame: FrameType) -> None:
        path = args[0]
        if not self.holds(path):
            return
        if frame.f_code.co_filename in LOADED:
            self.check(path)
        self._opened = _text(path) or "?"
        with contextlib.suppress(OSError):
            self._remember(path)

    def _remember(self, path: Any) -> None:
        if isinstance(path, int):
            path = f"/proc/self/fd/{path}"
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and 0 < found.st_size <= LARGEST:
                self._texts.add(_digest(os.read(descriptor, LARGEST)))
        finally:
            os.close(descriptor)

    def _compile(self, args: tuple[Any, ...], frame: FrameType) -> None:
        source, name = args
        if name is not None and not _is_made_up(_text(name)):
            self.check(name)
        who = frame.f_globals.get("__name__")
        # Python's own `ast` makes a tree of it, which is data still.
        if isinstance(source, bytes | str) and who != "ast" and _digest(source) in self._texts:
            _refuse(self._opened)
        # By `codeop`, IPython makes code of a cell's tree.
        kinds = (bytes, str) if who == "codeop" else (bytes, str, ast.AST)
        if self._opened and who in RUNNERS and isinstance(source, kinds):
            _refuse(self._opened)

    def _run(self, args: tuple[Any, ...], frame: FrameType) -> None:
        name = getattr(args[0], "co_filename", "")
        if not _is_made_up(name):
            self.check(name)

    def _import(self, args: tuple[Any, ...], frame: FrameType) -> None:
        if args[1] is not None:  # a compiled module's file
            self.check(args[1])

    def _library(self, args: tuple[Any, ...], frame: FrameType) -> None:
        if args[0] is not None:
            self.check(args[0])

    def _marshal(self, args: tuple[Any, ...], frame: FrameType) -> None:
        if self._opened and frame.f_code.co_filename not in LOADED:
            _refuse(self._opened)

    def _unpickle(self, args: tuple[Any, ...], frame: FrameType) -> None:
        if self._opened:
            _refuse(self._opened, "unpickle what a student's file may name")

    def _start(self, args: tuple[Any, ...], frame: FrameType) -> None:
        program, words, where = args[:3]
        words = words if isinstance(words, list | tuple) else [words]
        self.check_command([program, *words], where)

    def _become(self, args: tuple[Any, ...], frame: FrameType) -> None:
        self.check_command([args[0], *args[1]])

    def _shell(self, args: tuple[Any, ...], frame: FrameType) -> None:
        self.check_command([args[0]])


Look = Callable[[StudentFiles, tuple[Any, ...], FrameType], None]
_EVENTS: dict[str, Look] = {
    "open": StudentFiles._open,
    "compile": StudentFiles._compile,
    "exec": StudentFiles._run,
    "import": StudentFiles._import,
    "ctypes.dlopen": StudentFiles._library,
    "marshal.load": StudentFiles._marshal,
    "marshal.loads": StudentFiles._marshal,
    "pickle.find_class": StudentFiles._unpickle,
    "subprocess.Popen": StudentFiles._start,
    "os.exec": StudentFiles._become,
    "os.posix_spawn": StudentFiles._become,
    "os.system": StudentFiles._shell,
}


def _refuse(path: str, what: str = "run a student's file") -> NoReturn:
    error = StudentFileError(
        f"A test cannot {what} in its own process{f' ({path})' if path else ''}: import the file "
        "in an ordinary cell, which runs in the student's process, and use that module's name in "
        "the test."
    )
    error.errno = errno.EPERM  # what starts programs hands on the number
    raise error


def _is_made_up(name: str) -> bool:
    """Tell whether it is a name that Python or this engine gives to code that has no file."""
    return name.startswith("<") and name.endswith(">")


def _text(thing: Any) -> str:
    try:
        return os.fsdecode(thing)
    except TypeError:
        return ""


def _digest(text: bytes | str) -> bytes:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.blake2b(lines.strip()).digest()
