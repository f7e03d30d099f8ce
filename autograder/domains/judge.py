"""Runs an instructor's cells, tests among them, in a process where no line of a student's runs.

The worker sends cells over the control socket; the answers on it are what scores are made from.
What a test needs of the student's is asked for over the wire (`autograder.domains.proxy`).
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import socket
import stat
import sys
import types
from collections.abc import Sequence
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.domains import changed_arguments, failure_messages, introspection, warning_filters
from autograder.domains.credit import credit
from autograder.domains.free_names import stored
from autograder.domains.main_module import Main
from autograder.domains.own_references import Builtins, HelperLoader, OwnModules
from autograder.domains.rpc import Link
from autograder.domains.student_files import StudentFiles
from autograder.domains.used_names import UsedNames
from autograder.model import HIDDEN_TESTS
from autograder.sandbox.paths import SCRATCH, VIEW
from autograder.wire import Channel, learn, rng_state

#: Cell magics that start another program.
SCRIPTS = {
    "!",
    "bash",
    "perl",
    "pypy",
    "python",
    "python2",
    "python3",
    "ruby",
    "script",
    "sh",
    "sx",
}
#: What is added to the message of a failed test.
CHANGED = " (Your code changed an array, a list or a dictionary that it was given.)"
#: Where the modules lie that no instructor wrote.
INSTALLED = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[1]))
#: Our modules that look for what a test has imported.
LOOKING = tuple(
    f"autograder.domains.{name}"
    for name in ("used_names", "class_facts", "patched_names", "proxy", "proxy_exceptions")
)
#: How much text of one kind an answer carries, in characters, and how many files are shown.
TEXT, FILES = 1 << 20, 1_000


def main(request: dict[str, Any], channels: list[int], log: int) -> None:
    """Serve the worker until it closes the control socket."""
    control = Channel(socket.socket(fileno=channels[0]))
    wire = Channel(socket.socket(fileno=channels[1]))
    rng_state.seed_all(int(request["seed"], 16))
    view = Path(request["view"] or VIEW / SCRATCH.name)
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _Guard(view.parent))
    judge = Judge(wire, view)
    judge.files.watch()
    os.close(log)
    control.send({"ready": True})
    while True:
        try:
            head, _ = control.receive()
        except EOFError:
            return
        if "imports" in head:
            judge.begin(head["imports"], head["marks"], head["changed"])
        elif "passed over" in head:
            judge.pass_over(head["passed over"])
        else:
            control.send(judge.run(**head))


class _Guard:
    """Imports no file of the student's, wherever a test adds its working directory to the path.

    A helper module of the instructor's has the builtins of the tests.
    """

    def __init__(self, view: Path) -> None:
        self._view = view

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module as usual, but not there."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            for place in (spec.origin, *(spec.submodule_search_locations or ())):
                if place and Path(place).resolve().is_relative_to(self._view):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            origin = spec.origin or ""
            if type(spec.loader) is SourceFileLoader and not origin.startswith(INSTALLED):
                spec.loader = HelperLoader(name, origin)
        return spec


class _Silent(DisplayHook):
    """Keeps the value of a cell's last expression, and prints nothing."""

    def __call__(self, result: object = None) -> None:
        if self.exec_result is not None:
            self.exec_result.result = result


class _Shell(InteractiveShell):
    """IPython without a terminal or a window."""

    files: StudentFiles
    shown: BaseException | None = None  # the last error that it was to show
    _transformed = ("", "")

    def transform_cell(self, raw_cell: str) -> str:
        """Return Python for a cell; the last one is kept, because each is looked at and then run.

        Parameters
        ----------
        raw_cell
            As its author wrote it.
        """
        if self._transformed[0] != raw_cell:
            self._transformed = raw_cell, super().transform_cell(raw_cell)
        return self._transformed[1]

    def safe_execfile_ipy(self, fname: Any, *args: Any, **kwargs: Any) -> None:
        """Run a file of IPython's language, unless it is the student's."""
        self.files.check(fname)
        super().safe_execfile_ipy(fname, *args, **kwargs)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic, unless it hands a student's file to another program."""
        if magic_name in SCRIPTS:
            self.files.check_command([magic_name, line, cell])
        return super().run_cell_magic(magic_name, line, cell)

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: ``%matplotlib inline`` asks for it."""

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Keep the error for the worker: under ``%%time`` nothing else tells of it."""
        self.shown = sys.exc_info()[1]

    showsyntaxerror = showtraceback


class _Clipped(io.StringIO):
    """Text that ends somewhere."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, TEXT - self.tell())])
        return len(text)


class Judge:
    """The namespace of tests, and what runs cells in it.

    Parameters
    ----------
    wire
        The socket to the student's process.
    view
        Where the files in the student's working directory can be read.
    """

    def __init__(self, wire: Channel, view: Path) -> None:
        main = Main("__main__")
        self._file = ""  # under which name the cell that runs is compiled
        self._out, self._printed = _Clipped(), _Clipped()
        self.shell = _Shell.instance(
            user_module=main,
            config=Config({"HistoryManager": {"enabled": False}}),
            displayhook_class=_Silent,
        )
        self.files = self.shell.files = StudentFiles(view.parent)
        self.shell.compile.get_code_name = lambda *_: self._file
        sys.modules["__main__"] = main
        with self.shell.builtin_trap:  # IPython's own among them
            self._builtins = Builtins()
        vars(main)["__builtins__"] = vars(main)["__builtin__"] = self._builtins.module
        self.names: dict[str, Any] = self.shell.user_ns
        self.link = Link(wire, self._shared, rng_state.Reseeding())
        self._used_names = UsedNames(self.link.ask, self.names, self._builtins.module)
        self.link.names = Main._autograder_names = self._used_names
        self.link.answered, self.link.said = self._mirror, self._hear
        self.link.class_named = self._class_named
        self._listening = warning_filters.Listening()
        self.link.listening = self._listening.filters
        self.link.secret = lambda: any(self._hidden.values())
        self._views = ((view, Path.cwd()), (view.parent, Path("/tmp")))
        self._seen = [-1] * len(self._views)
        kept = (Path.cwd(), SCRATCH, os.environ.get("MPLCONFIGDIR", SCRATCH))
        self._kept = {os.path.normpath(path) for path in kept}
        self._marks: Sequence[str] = HIDDEN_TESTS
        self._hidden: dict[str, frozenset[int]] = {}  # hidden lines of each cell
        self._locked: dict[int, str] = {}  # functions and classes of locked cells, by identity
        introspection.watch()
        self._own_modules = OwnModules("autograder.", (__name__, *LOOKING))

    def begin(self, source: str, marks: Sequence[str], changed: Sequence[str]) -> None:
        """Import what the assignment's own cells import; what is not to be had is left out.

        Parameters
        ----------
        source
            Import statements.
        marks
            What stands before and after hidden tests.
        changed
            The names of locked cells whose data an answer changes.
        """
        self._marks = marks
        self._used_names.handed_over = frozenset(changed)
        for statement in ast.parse(source).body:
            # A test that needs it will say so.
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([statement], []), "<imports>", "exec"), self.names)
        self._used_names.own |= stored(source)
        self._used_names.learn(source)
        self._own_modules.keep()
        learn()  # before a test patches the libraries
        self._listening.begin()

    def pass_over(self, source: str) -> None:
        """Take note of a cell that is not run: what it defines is not the student's to define."""
        self._used_names.own |= stored(self.shell.transform_cell(source))

    def run(self, cell: str, source: str, *, locked: bool) -> dict[str, Any]:
        """Run a cell and say how it ended.

        Parameters
        ----------
        cell
            Its name.
        source
            Its text, hidden tests included.
        locked
            Whether the student's process runs it too: a function that it defines is known there.
        """
        self._file = f"<{cell}>"
        self.files.begin_cell()
        self.link.changed = False
        self.link.changes += 1  # between two tests the student's own cells run
        changed_arguments.raised.clear()
        self._out, self._printed, err = _Clipped(), _Clipped(), _Clipped()
        value, error, text = None, None, ""
        shown: dict[str, Any] = {}
        with contextlib.redirect_stdout(self._out), contextlib.redirect_stderr(err):
            try:
                text = self.shell.transform_cell(source)
                self._hidden[self._file] = failure_messages.hidden_lines(text, self._marks)
                self._used_names.begin(text, locked=locked)
                self._mirror()
                self.link.figures.begin()
                self.shell.shown = None
                ended = self.shell.run_cell(source, store_history=False)
                error = ended.error_before_exec or ended.error_in_exec or self.shell.shown
                value = ended.result
                if value is not None and DisplayHook.semicolon_at_end_of_expression(text):
                    value = None
                points, found = credit(value)
                shown = {"points": points, "found": found, "result": _text(value)}
            except BaseException as raised:
                error = raised
            if error is None and changed_arguments.raised:
                # Somebody caught it, and went on without the value.
                error = changed_arguments.raised[0]
            hidden = self._hidden.get(self._file, frozenset())
            if locked:
                self._used_names.learn(text, hidden)
            elif not (self.link.gone or isinstance(error, KeyboardInterrupt)):
                with contextlib.suppress(Exception):  # the next answer then does without
                    self._used_names.give(text, hidden)
        self._undo(keep=locked)
        if locked:
            self._remember(text)
        self._used_names.end(failed=error is not None)
        answer: dict[str, Any] = {
            "verdict": "pass",
            "stdout": self._out.getvalue(),
            "stderr": err.getvalue(),
            "printed": self._printed.getvalue(),
            "gone": self.link.gone,
        }
        if error is not None:
            told = failure_messages.tell(error, self._file, self._hidden)
            if self.link.changed and not isinstance(error, changed_arguments.ChangedError):
                told["message"] += CHANGED
            return answer | told
        return answer | shown

    def _undo(self, *, keep: bool) -> None:
        """Stop the patches that a test forgot; a locked cell may make them for all that follow."""
        if keep:
            self._builtins.adopt()
            return
        if mock := sys.modules.get("unittest.mock"):
            with contextlib.suppress(Exception):  # one of them cannot be undone any more
                mock.patch.stopall()
        self._builtins.restore()

    def _hear(self, text: str) -> None:
        """Keep what the student's code prints, for a test that listens too."""
        self._printed.write(text)
        if sys.stdout is not self._out:
            sys.stdout.write(text)

    def _remember(self, text: str) -> None:
        for name in stored(text) & self.names.keys():
            thing = self.names[name]
            # By its type: what the student's code has changed refuses to say what it is.
            named = issubclass(type(thing), types.FunctionType | type)
            if named and thing.__module__ == "__main__":
                self._locked[id(thing)] = name

    def _shared(self, thing: Any) -> str | None:
        name = self._locked.get(id(thing))
        return name if name is not None and self.names.get(name) is thing else None

    def _class_named(self, name: str) -> type | None:
        thing = self.names.get(name)
        return thing if isinstance(thing, type) and self._shared(thing) == name else None

    def _mirror(self) -> None:
        """Let what the student's code wrote be found where it would be in one process."""
        # By the functions of `os`, of which our code has its own: a test may patch those that
        # `pathlib` calls.
        for place, (view, here) in enumerate(self._views):
            try:
                changed = os.stat(view).st_mtime_ns  # noqa: PTH116
                if changed == self._seen[place]:
                    continue
                self._seen[place] = changed
                names = sorted(os.listdir(view))[:FILES]  # noqa: PTH208
            except OSError:
                continue
            for name in names:
                link, theirs = f"{here}/{name}", f"{view}/{name}"
                # Nor what Python keeps of a module's code: it would be run for the instructor's.
                if link in self._kept or name.startswith(".") or name == "__pycache__":
                    continue
                with contextlib.suppress(OSError):
                    if _is_directory(os.stat(theirs)) and _is_directory(_lstat(link)):  # noqa: PTH116
                        # Only if it is empty: made here, to be filled over there.
                        os.rmdir(link)  # noqa: PTH106
                    os.symlink(theirs, link)  # noqa: PTH211


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _is_directory(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISDIR(found.st_mode)


def _text(value: Any) -> str:
    if value is None:
        return ""
    try:
        return repr(value)[:TEXT]
    except Exception as error:
        return f"<{type(error).__name__} while it was shown>"
