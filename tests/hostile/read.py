"""Attacks that try to obtain hidden tests or the values that they expect."""

from __future__ import annotations

from tests.hostile.attack import Attack, first, last, returning

#: Shows what reads like a test, wherever it was found.
SHOW = """
def show(*things):
    for thing in things:
        text = thing if isinstance(thing, str) else repr(thing)
        lines = [n for n in text.splitlines() if "assert" in n or "canary" in n or "HIDDEN" in n]
        print("\\n".join(lines)[:20_000] or text[:2000])
"""
ATTACKS = (
    Attack(
        "history",
        "Prints the source of all cells that were run, from IPython's history.",
        last(f"{SHOW}\nshow(*In, *map(str, get_ipython().history_manager.input_hist_raw))"),
    ),
    Attack(
        "history_literal",
        "Looks up the literal that it is compared with in the source of the running cell.",
        returning(
            "literal()",
            """
import ast
import sys


def literal():
    name = sys._getframe(1).f_code.co_name
    for source in reversed(get_ipython().user_ns.get("In", [])):
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            call = [n for n in ast.walk(node) if isinstance(n, ast.Call)
                    and isinstance(n.func, ast.Name) and n.func.id == name]
            if isinstance(node, ast.Call) and call and len(node.args) > 1:
                try:
                    return ast.literal_eval(node.args[1])
                except ValueError:
                    pass
    return 0.0
""",
        ),
    ),
    Attack(
        "working_directory",
        "Prints what reads like a test from all files in and above its working directory.",
        first(f"""{SHOW}
import os
import pathlib

for top in (".", "..", "../..", "../../..", "../../../source", "tests"):
    for path in sorted(pathlib.Path(top).resolve().glob("**/*"))[:400]:
        if path.suffix in (".ipynb", ".json", ".py", ".db", ".txt") and path.is_file():
            try:
                show(path.read_text(errors="replace"))
            except OSError:
                pass"""),
    ),
    Attack(
        "course_directory",
        "Prints the instructor's notebook and the gradebook from the course's own directory.",
        first(f"""{SHOW}
import pathlib

for path in pathlib.Path("@COURSE@").glob("**/*"):
    try:
        show(path.read_text(errors="replace"))
    except OSError:
        pass"""),
    ),
    Attack(
        "frames",
        "Prints the names, values and source of all frames above each call.",
        returning(
            "look()",
            f"""{SHOW}
import sys

found = []


def look():
    frame = sys._getframe()
    while frame:
        found.extend([str(frame.f_locals), str(frame.f_globals.keys())])
        found.append(repr(frame.f_code.co_consts) + repr(frame.f_code.co_names))
        frame = frame.f_back
    return 0.0
""",
        )
        | last("show(*found)"),
    ),
    Attack(
        "frames_answer",
        "Returns the expected value that it finds among the constants of the frames above.",
        returning(
            "look(given)",
            """
import sys


def look(given):
    frame = sys._getframe()
    while frame:
        for name in ("right", "expected", "desired", "actual"):
            if name in frame.f_locals:
                return frame.f_locals[name]
        if frame.f_code.co_name.startswith("<"):
            numbers = [c for c in frame.f_code.co_consts if isinstance(c, (int, float))]
            numbers = [c for c in numbers if c not in given]
            if numbers:
                return numbers[-1]
        frame = frame.f_back
    return 0.0
""",
        ),
    ),
    Attack(
        "garbage_collector",
        "Prints each text, code object and array that the garbage collector knows of.",
        returning(
            "search()",
            f"""{SHOW}
import gc
import types

found = []


def search():
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            found.append(repr(thing.__code__.co_consts) + thing.__name__)
        if type(thing) in (list, tuple, dict) and len(thing) < 1000:
            try:
                text = repr(thing)
            except Exception:
                continue
            if "assert " in text or "canary" in text:
                found.append(text)
    return 0.0
""",
            names=("area", "integrate"),
        )
        | last("show(*found)"),
    ),
    Attack(
        "own_memory",
        "Searches the memory of its own process, mapping by mapping, for what reads like a test.",
        returning(
            "search()",
            f"""{SHOW}
import re

found = []


def search():
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in span.split("-"))
            if "rw" not in rights or end - begin > 1 << 27 or "/" in line:
                continue
            try:
                memory.seek(begin)
                text = memory.read(end - begin)
            except (OSError, ValueError):
                continue
            for match in re.finditer(rb"HIDDEN|assert close|canary_[a-z]*[(]", text):
                found.append(text[max(0, match.start() - 300) : match.end() + 300].decode("latin"))
    return 0.0
""",
            names=("integrate",),
        )
        | last("print(found)"),
    ),
    Attack(
        "trace",
        "Traces all calls and keeps the constants of each code object that runs after its cell.",
        first(f"""{SHOW}
import sys
import threading

found = set()


def trace(frame, event, argument):
    found.add(repr(frame.f_code.co_consts)[:5000])

sys.setprofile(trace)
threading.setprofile(trace)""")
        | last("sys.setprofile(None)\nthreading.setprofile(None)\nshow(*found)"),
    ),
    Attack(
        "compile_hook",
        "Replaces compile, exec and ast.parse by functions that keep the source they are given.",
        first(f"""{SHOW}
import ast
import builtins

found = []


def keeping(true):
    def kept(source, *given, **named):
        found.append(source if isinstance(source, str) else ast.dump(source)
                     if isinstance(source, ast.AST) else repr(source))
        return true(source, *given, **named)
    return kept


builtins.compile, builtins.exec = keeping(compile), keeping(exec)
ast.parse = keeping(ast.parse)
get_ipython().compile.ast_parse = keeping(get_ipython().compile.ast_parse)
get_ipython().input_transformers_cleanup.append(lambda lines: found.append("".join(lines)) or lines)
""")
        | last("show(*found)"),
    ),
    Attack(
        "audit_hook",
        "Registers an audit hook that keeps what is compiled, executed and opened.",
        first(f"""{SHOW}
import sys

found = []
sys.addaudithook(
    lambda event, given: event in ("compile", "exec", "open") and found.append(repr(given)[:5000])
)""")
        | last("show(*found)"),
    ),
    Attack(
        "linecache",
        "Prints the sources that Python keeps for tracebacks.",
        last(
            f"{SHOW}\nimport linecache\nshow(*(''.join(e[2]) for e in linecache.cache.values()"
            " if len(e) > 2))"
        ),
    ),
    Attack(
        "environment",
        "Prints the environment, the command line and the open files of every process it sees.",
        first("""
import os
import pathlib

print(dict(os.environ))
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    for name in ("cmdline", "environ", "maps", "stack", "mountinfo"):
        try:
            print((folder / name).read_text(errors="replace")[:4000])
        except OSError:
            pass
    try:
        for link in (folder / "fd").iterdir():
            print(os.readlink(link))
    except OSError:
        pass"""),
    ),
)
