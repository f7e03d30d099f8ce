"""Lets JupyterHub make a database from a configuration, and says who may do what in it.

Run by either JupyterHub as ``python hub_database.py KIND FOLDER < PEOPLE``: KIND is a configuration
(`laptop`, `kubernetes`), the database in FOLDER is kept between two runs, and PEOPLE is JSON,
``{"instructors": [...], "gpu-lab": [...], "log in": [...]}``. The answer is JSON on the last line.
"""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import jupyterhub
from jupyterhub import orm, roles, scopes
from jupyterhub.app import JupyterHub
from jupyterhub.handlers.base import BaseHandler
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from traitlets.config import Config

from hub_config.kubernetes import helm_values, target
from hub_config.kubernetes import pod_config as kubernetes
from hub_config.laptop import hub
from hub_config.laptop.paths import Layout

TOKEN = "ab" * 32
TARGET = """
custom:
  course: {{id: small}}
  images: {{cpu: "r/dlef-cpu:1.0.0", gpu: "r/dlef-gpu:1.0.0", grader: "r/dlef-grader:1.0.0"}}
  groups: {{instructors: {instructors}, gpu-lab: {gpu_lab}}}
proxy:
  https: {{hosts: [hub.econ.ch], letsencrypt: {{contactEmail: ada@econ.ch}}}}
hub:
  config:
    JupyterHub: {{authenticator_class: github}}
    GitHubOAuthenticator:
      client_id: k7qf2mzt9xwpahn4
      client_secret: k7qf2mzt9xwpahn4
      oauth_callback_url: https://hub.econ.ch/hub/oauth_callback
      allowed_organizations: [econ]
"""


def on_a_laptop(folder: Path, people: dict[str, list[str]]) -> Config:
    (instructor,) = people["instructors"]
    course = folder / "course"
    students = tuple(name for name in people["log in"] if name != instructor)
    layout = Layout(course, "small", folder, instructor, students)
    layout.make()
    (folder / "jupyterhub_config.py").touch()  # an operator's own settings: none
    return hub.configure(layout, None, port=8000)


def on_kubernetes(folder: Path, people: dict[str, list[str]]) -> Config:
    file = folder / "target.yaml"
    lists = {name.replace("-", "_"): json.dumps(users) for name, users in people.items()}
    file.write_text(TARGET.format(**lists))
    values = helm_values.values(target.load(str(file), secrets=False))

    def get_config(key: str, default: object = None) -> object:
        found: object = values
        for level in key.split("."):
            if not isinstance(found, dict) or level not in found:
                return default
            found = found[level]
        return found

    c = Config()
    # What of the chart's own configuration has to do with rights.
    culler = {"name": "jupyterhub-idle-culler", "command": ["python3", "-m", "none"]}
    services = get_config("hub.services").items()
    mine = [{"name": name, **service, "api_token": TOKEN} for name, service in services]
    c.JupyterHub.services = [culler, *mine]
    may = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    role = {"name": culler["name"], "scopes": may, "services": [culler["name"]]}
    c.JupyterHub.load_roles = [role]
    c.CryptKeeper.keys = [TOKEN]
    for section, settings in get_config("hub.config").items():
        c[section].update(settings)
    kubernetes.configure(c, get_config)
    c.JupyterHub.spawner_class = "simple"  # KubeSpawner asks for a cluster as soon as there is one
    return c


async def answer(c: Config, folder: Path, names: list[str]) -> dict[str, object]:
    """Start a hub as far as its database, and log everybody in."""
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret = bytes.fromhex(TOKEN)
    c.JupyterHub.logging_config = {"loggers": {"JupyterHub": {"level": "ERROR"}}}
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.auth_token = TOKEN
    hub = JupyterHub.instance(config=c)
    await hub.initialize([])
    nobody = SimpleNamespace(set_close_callback=lambda call: None, context=SimpleNamespace())
    line = RequestStartLine("GET", "/", "HTTP/1.1")
    request = HTTPServerRequest(start_line=line, headers=HTTPHeaders(Host="hub"), connection=nobody)
    handler = BaseHandler(hub.tornado_application, request)
    for name in names:
        found = {"name": name, "admin": None, "auth_state": {}, "groups": []}
        await handler.auth_to_user(await hub.authenticator.run_post_auth_hook(handler, found))
    return {
        "version": jupyterhub.__version__,
        "users": {user.name: rights(user) for user in hub.db.query(orm.User)},
        "services": {one.name: rights(one) for one in hub.db.query(orm.Service)},
        "roles": {role.name: sorted(role.scopes) for role in hub.db.query(orm.Role)},
    }


def rights(whose: orm.Base) -> dict[str, list[str]]:
    """Return the groups and the expanded scopes of a user or a service, and of a user's server."""
    found = {"scopes": sorted(scopes.get_scopes_for(whose))}
    if isinstance(whose, orm.User):
        found["groups"] = sorted(group.name for group in whose.groups)
        found["roles"] = sorted(role.name for role in roles.get_roles_for(whose))
    return found


if __name__ == "__main__":
    kind, place = sys.argv[1], Path(sys.argv[2])
    people = json.load(sys.stdin)
    config = {"laptop": on_a_laptop, "kubernetes": on_kubernetes}[kind](place, people)
    sys.stdout.write(json.dumps(asyncio.run(answer(config, place, people["log in"]))) + "\n")
