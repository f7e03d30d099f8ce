"""Does what the hub's pod does, in a process that sees nothing of this repository.

Run as ``python -I -S in_the_pod.py SITE_PACKAGES... < JOB``. The job is JSON: the chart's merged
values, the folder in which `hub.extraFiles` lie, and what to answer. The answer is JSON on the last
line; with ``serve`` the hub runs until it is stopped. Where the chart itself is at hand (``chart``:
a folder with files/hub/jupyterhub_config.py) its own configuration runs first; else
`like_the_chart`, which a test compares with it.
"""

import asyncio
import contextlib
import importlib.util
import io
import json
import os
import sys
import tempfile
import types
from pathlib import Path

JOB = json.load(sys.stdin)
sys.path += [*sys.argv[1:], JOB["folder"], str(Path(__file__).parent)]

from cluster import kubeconfig  # noqa: E402
from like_the_chart import like_the_chart  # noqa: E402
from traitlets.config import Config, LazyConfigValue  # noqa: E402

NAMES = {"user-scheduler": "dlef-user-scheduler", "priority": "dlef-default-priority"}


def get_config(key, default=None):
    """Return what is in the values at a key with dots, as the chart's z2jh.get_config does."""
    found = JOB["values"]
    for level in key.split("."):
        if not isinstance(found, dict) or level not in found:
            return default
        found = found[level]
    return found


def secret(key, default=None):
    """Return what the chart would have made up."""
    if key == "hub.db.password":
        return None
    return "ab" * 32


def chart_config():
    """Load the one module of ours that stands for the chart's code, without its package."""
    file = Path(__file__).parents[3] / "hub_config" / "check" / "chart_config.py"
    spec = importlib.util.spec_from_file_location("chart_config", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_the_chart(folder):
    """Run the chart's own configuration."""
    c = Config()

    def set_config_if_not_none(parent, name, key):
        if get_config(key) is not None:
            setattr(parent, name, get_config(key))

    z2jh = types.ModuleType("z2jh")
    z2jh.get_config = get_config
    z2jh.set_config_if_not_none = set_config_if_not_none
    z2jh.get_name = lambda name: NAMES.get(name, name)
    z2jh.get_name_env = lambda name, suffix="": "8081"
    z2jh.get_secret_value = secret
    sys.modules["z2jh"] = z2jh
    file = Path(folder) / "files" / "hub" / "jupyterhub_config.py"
    # The last statement runs hub.extraConfig; it is run below, so that both ways share it.
    text = file.read_text().partition("# execute hub.extraConfig entries")[0]
    text = text.replace("AsyncHTTPClient.configure(", "str(")  # pycurl is not what is tested
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, str(file), "exec"), {"get_config": lambda: c, "__file__": str(file)})
    return c


def configured():
    """Return the hub's configuration, complete."""
    if JOB.get("bare"):
        c = Config()
    else:
        like = like_the_chart(get_config, secret, NAMES, chart_config().set_spawner)
        c = by_the_chart(JOB["chart"]) if JOB["chart"] else like
    before = json.loads(json.dumps(plain(c)))
    for _, text in sorted(get_config("hub.extraConfig").items()):
        exec(text, {"c": c, "get_config": get_config})
    return c, before


def plain(value):
    """Turn a configuration into what JSON can say."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, LazyConfigValue):
        return plain(value.get_value([]))
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    return value if isinstance(value, str | int | float | None) else f"<{type(value).__name__}>"


async def pods(c):
    """Make the pod of every user who chooses every profile, by a form that asks for more."""
    from jupyterhub import orm
    from jupyterhub.objects import Hub
    from jupyterhub.user import User
    from tornado.web import HTTPError
    from traitlets.utils.importstring import import_item

    kind = import_item(c.JupyterHub.spawner_class)
    database = orm.new_session_factory("sqlite://")()
    answer = {}
    for name in JOB["users"]:
        row = orm.User(name=name)
        database.add(row)
        database.commit()
        for profile in JOB["profiles"]:
            user = User(row, {"config": c, "spawner_class": kind})
            spawner = kind(_mock=True, config=c, hub=Hub(public_host=""), user=user)
            # What a browser sends, and what somebody adds to it by hand.
            form = {"profile": [profile], "image": ["evil"], "kubespawner_override": ["{}"]}
            if asyncio.iscoroutine(page := spawner.get_options_form()):
                page = await page
            said = answer[f"{name} {profile}"] = {"page": page}
            try:
                spawner.user_options = await spawner.options_from_form(form)
            except HTTPError as error:
                said["refused"] = str(error)
                spawner.user_options = {"profile": profile}  # as if nobody had read the form
            try:
                await spawner.load_user_options()
                pod = await spawner.get_pod_manifest()
                claim = spawner.get_pvc_manifest()
                made = spawner.api.api_client.sanitize_for_serialization([pod, claim])
                said |= {"pod": made[0], "claim": made[1]}
            except ValueError as error:
                said["refused again"] = str(error)
            groups = sorted(group.name for group in row.groups)
            said["groups"] = groups
            await spawner.api.api_client.close()
    return answer


def application(c):
    """Return JupyterHub with this configuration and no other."""
    from jupyterhub.app import JupyterHub

    hub = JupyterHub.instance(config=c)
    hub.load_config_file = lambda *args, **kwargs: None
    return hub


async def started(c):
    """Let JupyterHub make itself ready, and say which roles and groups it then has."""
    import jupyterhub
    from jupyterhub import orm
    from jupyterhub.crypto import CryptKeeper

    CryptKeeper.clear_instance()  # the users above have made one without keys
    c.JupyterHub.db_url = "sqlite://"
    c.JupyterHub.log_level = 50
    c.ConfigurableHTTPProxy.auth_token = "x"
    hub = application(c)
    await hub.initialize([])
    roles = {
        role.name: {
            "scopes": sorted(role.scopes),
            "users": sorted(one.name for one in role.users),
            "groups": sorted(one.name for one in role.groups),
            "services": sorted(one.name for one in role.services),
        }
        for role in hub.db.query(orm.Role)
    }
    admins = [user.name for user in hub.db.query(orm.User) if user.admin]
    answer = {"version": jupyterhub.__version__, "roles": roles, "admins": admins}
    return answer | {"unknown": unknown(c, hub)}


def unknown(c, hub):
    """Name what is configured and no class knows: JupyterHub ignores it and says so in its log."""
    from jupyterhub.crypto import CryptKeeper
    from oauthenticator.oauth2 import OAuthenticator

    used = [hub.spawner_class, hub.authenticator_class, hub.proxy_class, CryptKeeper]
    known = {}
    for one in (type(hub), *used, OAuthenticator):
        known |= {kind.__name__: kind for kind in one.__mro__ if hasattr(kind, "class_traits")}
    return [
        f"{section}.{trait}"
        for section, traits in c.items()
        for trait in traits
        if section not in known or trait not in known[section].class_traits(config=True)
    ]


def serve(c, over):
    """Run the hub, with what differs outside a cluster: proxy, login and addresses."""
    for section, traits in over.items():
        c[section].update(traits)
    application(c).launch_instance([])


def main():
    """Answer the job."""
    try:
        c, before = configured()
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(f"\n{json.dumps(answer)}\n")
        return
    if JOB.get("serve"):
        serve(c, JOB["serve"])
        return
    ours = {
        name: module.__file__ for name, module in sys.modules.items() if name.startswith("hub_conf")
    }
    answer = {"config": plain(c), "before": before, "modules": ours}
    if JOB.get("users"):
        answer["pods"] = asyncio.run(pods(c))
    if JOB.get("start"):
        answer["started"] = asyncio.run(started(c))
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    config = kubeconfig(JOB.get("cluster", "https://127.0.0.1:1"))
    Path("kubeconfig").write_text(json.dumps(config))  # JSON is YAML
    os.environ["KUBECONFIG"] = str(Path("kubeconfig").absolute())
    main()
