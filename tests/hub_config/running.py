"""A real hub in a process of its own, and a client that talks to it as a browser would."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import requests
import websocket

from hub_config.laptop.free_port import free_port
from tests.hub_config import second_hub

SERVE = """
import sys
from pathlib import Path
from hub_config.laptop import proxy, isolation
from hub_config.laptop.hub import HubError, serve
course, state, port, students, *without = sys.argv[1:]
if "bwrap" in without:
    isolation.probe = lambda: None
if "node" in without:
    proxy.node = lambda: None
try:
    code = serve(course_dir=Path(course), state_dir=Path(state), port=int(port),
                 students=students.split(","))
except HubError as error:
    sys.exit(f"HubError: {error}")
sys.exit(code)
"""


class RunningHub:
    """`hub_config.laptop.hub.serve` in a process; ``without`` names what it must not find here.

    ``settings`` is an operator's own configuration, ``second`` asks for the older JupyterHub.
    """

    def __init__(
        self,
        course: Path,
        state: Path,
        *without: str,
        students: str = "student1",
        port: int = 0,
        settings: str = "",
        second: bool = False,
    ):
        self.course, self.state, self.port = course, state, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.passwords: dict[str, str] = {}
        self.ready = threading.Event()
        arguments = [str(course), str(state), str(self.port), students, *without]
        if settings:
            state.mkdir(mode=0o700, exist_ok=True)
            (state / "jupyterhub_config.py").write_text(settings)
        self.python = str(second_hub.python()) if second else sys.executable
        self.process = subprocess.Popen(
            [self.python, "-u", "-c", SERVE, *arguments],
            env=second_hub.environment() if second else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            shown = re.fullmatch(r"    (\S+) +([a-z0-9-]{19})", self.lines[-1])
            if shown:
                self.passwords[shown[1]] = shown[2]
            if "Ctrl-C" in line:
                self.ready.set()
        self.ready.set()

    def wait(self, timeout: float = 90) -> RunningHub:
        self.ready.wait(timeout)
        assert self.process.poll() is None, self.lines
        assert any("Ctrl-C" in line for line in self.lines), self.lines
        return self

    def family(self) -> set[tuple[int, str]]:
        """Every process below the hub: number and start time, which together are unique."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(stat.parent.name)] = (int(fields[1]), fields[19])
        family = {self.process.pid}
        grown = True
        while grown:
            grown = {pid for pid, (parent, _) in parents.items() if parent in family} - family
            family |= grown
        return {(pid, parents[pid][1]) for pid in family if pid in parents}

    def commands(self) -> list[str]:
        """Return the command line of every process below the hub."""
        return [_command(pid) for pid, _ in self.family()]

    def stop(self, number: int = signal.SIGINT) -> list[str]:
        """Stop the hub; return the command lines of processes that it left behind."""
        family = self.family()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(10)
        self.process.stdout.close()
        deadline = time.monotonic() + 60  # a killed hub's processes end one after the other
        while True:
            left = [_command(pid) for pid, start in family if _started(pid) == start]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)


def _started(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return f"process {pid}"


class Client:
    """One person's browser, without the browser."""

    def __init__(self, hub: RunningHub):
        self.hub = hub
        self.session = requests.Session()

    def get(self, path: str, **options) -> requests.Response:
        return self.session.get(self.hub.url + path, timeout=120, **options)

    def login(self, user: str, password: str | None = None) -> requests.Response:
        self.get("/hub/login")
        form = {
            "_xsrf": self._cookie("_xsrf", "/hub/"),
            "username": user,
            "password": self.hub.passwords[user] if password is None else password,
        }
        return self.session.post(f"{self.hub.url}/hub/login?next=%2Fhub%2Fhome", form, timeout=60)

    def spawn(self, user: str) -> str:
        """Start the user's server with what is chosen already; return its base path."""
        page = self.get("/hub/spawn")
        if 'id="spawn_form"' in page.text:
            self.choose(re.search(r'name="profile" value="([^"]+)" checked', page.text)[1])
        return self.arrive(user)

    def choose(self, profile: str) -> requests.Response:
        """Send the form that asks what to start."""
        form = {"_xsrf": self._cookie("_xsrf", "/hub/"), "profile": profile}
        return self.session.post(f"{self.hub.url}/hub/spawn", form, timeout=120)

    def arrive(self, user: str) -> str:
        """Wait for a server that was started; return its base path."""
        base = f"/user/{user}/"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            answer = self.get(f"{base}lab")
            if answer.ok and answer.url.startswith(f"{self.hub.url}{base}lab"):
                return base
            time.sleep(0.5)
        raise AssertionError(f"{user}'s server did not start: {answer.status_code} {answer.url}")

    def post(self, path: str, **options) -> requests.Response:
        token = self._cookie("_xsrf", path)
        return self.session.post(
            self.hub.url + path, headers={"X-XSRFToken": token}, timeout=120, **options
        )

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call the hub's API, as the hub's own pages do."""
        self.get("/hub/home")
        headers = {"X-XSRFToken": self._cookie("_xsrf", "/hub/")}
        url = f"{self.hub.url}/hub/api/{path}"
        return self.session.request(method, url, json=body, headers=headers, timeout=120)

    def begin(self, base: str, code: str, kernel: str = "python3") -> tuple[Any, str]:
        """Run code in a new kernel of a server; return an open channel, and the message's name."""
        started = self.post(f"{base}api/kernels", json={"name": kernel})
        assert started.status_code == 201, started.text
        channel = self.connect(f"{base}api/kernels/{started.json()['id']}/channels")
        request = uuid.uuid4().hex
        message = {
            "header": {
                "msg_id": request,
                "msg_type": "execute_request",
                "username": "",
                "session": uuid.uuid4().hex,
                "date": "",
                "version": "5.3",
            },
            "parent_header": {},
            "metadata": {},
            "content": {"code": code, "silent": False, "store_history": False},
            "channel": "shell",
            "buffers": [],
        }
        channel.send(json.dumps(message))
        return channel, request

    def connect(self, path: str) -> Any:
        """Open a websocket."""
        cookies = self.session.cookies
        cookie = "; ".join(f"{c.name}={c.value}" for c in cookies if path.startswith(c.path))
        return websocket.create_connection(
            f"ws://127.0.0.1:{self.hub.port}{path}", cookie=cookie, origin=self.hub.url, timeout=60
        )

    def terminal(self, base: str, command: str, until: str) -> str:
        """Type a command into a new terminal; return what is shown when `until` is among it."""
        started = self.post(f"{base}api/terminals")
        assert started.status_code == 200, started.text
        channel = self.connect(f"{base}terminals/websocket/{started.json()['name']}")
        shown = ""
        try:
            channel.send(json.dumps(["set_size", 50, 500]))
            channel.send(json.dumps(["stdin", f"{command}\r"]))
            while not re.search(until, shown):
                kind, *content = json.loads(channel.recv())
                if kind == "stdout":
                    shown += content[0]
        except websocket.WebSocketTimeoutException:
            raise AssertionError(f"{until!r} is not in what the terminal shows: {shown}") from None
        finally:
            channel.close()
        return shown

    def run(self, base: str, code: str, kernel: str = "python3") -> str:
        """Run code in a new kernel of a server; return what it prints, and its error."""
        channel, request = self.begin(base, code, kernel)
        printed = []
        try:
            while True:
                reply = json.loads(channel.recv())
                if reply["parent_header"].get("msg_id") != request:
                    continue
                content = reply["content"]
                if reply["msg_type"] == "stream":
                    printed.append(content["text"])
                elif reply["msg_type"] == "error":
                    printed.append(f"{content['ename']}: {content['evalue']}\n")
                elif reply["msg_type"] == "status" and content["execution_state"] == "idle":
                    return "".join(printed)
        finally:
            channel.close()

    def _cookie(self, name: str, path: str) -> str:
        fitting = [c for c in self.session.cookies if c.name == name and path.startswith(c.path)]
        return max(fitting, key=lambda c: len(c.path)).value
