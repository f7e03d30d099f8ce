"""Configures a hub as the chart's own code does, which is not ours to hand on (`in_the_pod`)."""

from traitlets.config import Config


def like_the_chart(get_config, secret, names, set_spawner):
    """Set what matters to a hub and its pods as the chart sets it.

    Takes a value at a key with dots, what the chart would have made up, the names of objects, and
    `hub_config.check.chart_config.set_spawner`, which this process cannot import.
    """
    c = Config()
    set_spawner(c, get_config, names)
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.Spawner.consecutive_failure_limit = get_config("hub.consecutiveFailureLimit")
    c.JupyterHub.concurrent_spawn_limit = get_config("hub.concurrentSpawnLimit")
    c.JupyterHub.cookie_secret = secret("cookie")
    c.CryptKeeper.keys = [secret("keys")]
    c.ConfigurableHTTPProxy.should_start = False
    c.JupyterHub.services = [{"name": "jupyterhub-idle-culler", "command": ["python3"]}]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    c.JupyterHub.load_roles = [
        {
            "name": "jupyterhub-idle-culler",
            "scopes": scopes,
            "services": ["jupyterhub-idle-culler"],
        }
    ]
    for name, service in get_config("hub.services").items():
        c.JupyterHub.services.append({"name": name, **service, "api_token": secret(name)})
    for section, settings in get_config("hub.config").items():
        c[section].update(settings)
    return c
