"""Configures a hub as the chart's own code does, which is not ours to hand on (`in_the_pod`)."""

from traitlets.config import Config

TRAITS = {  # of KubeSpawner, from singleuser
    "start_timeout": "startTimeout",
    "events_enabled": "events",
    "extra_labels": "extraLabels",
    "extra_annotations": "extraAnnotations",
    "allow_privilege_escalation": "allowPrivilegeEscalation",
    "uid": "uid",
    "fs_gid": "fsGid",
    "node_selector": "nodeSelector",
    "node_affinity_required": "extraNodeAffinity.required",
    "pod_affinity_required": "extraPodAffinity.required",
    "pod_affinity_preferred": "extraPodAffinity.preferred",
    "pod_anti_affinity_required": "extraPodAntiAffinity.required",
    "pod_anti_affinity_preferred": "extraPodAntiAffinity.preferred",
    "lifecycle_hooks": "lifecycleHooks",
    "init_containers": "initContainers",
    "extra_containers": "extraContainers",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "extra_resource_guarantees": "extraResource.guarantees",
    "environment": "extraEnv",
    "profile_list": "profileList",
    "extra_pod_config": "extraPodConfig",
    "storage_extra_labels": "storage.extraLabels",
    "storage_capacity": "storage.capacity",
    "storage_access_modes": "storage.dynamic.storageAccessModes",
}


def like_the_chart(get_config, secret, names):
    """Set what matters to a pod as the chart sets it.

    Takes a value at a key with dots, what the chart would have made up, and the names of objects.
    """
    c = Config()
    for trait, key in TRAITS.items():
        if (value := get_config(f"singleuser.{key}")) is not None:
            c.KubeSpawner[trait] = value
    image = get_config("singleuser.image")
    c.KubeSpawner.image = f"{image['name']}:{image['tag']}"
    c.KubeSpawner.namespace = "default"
    chart = f"{get_config('Chart.Name')}-{get_config('Chart.Version')}"
    c.KubeSpawner.common_labels = {
        "app": "jupyterhub",
        "release": get_config("Release.Name"),
        "chart": chart,
        "app.kubernetes.io/name": "jupyterhub",
        "app.kubernetes.io/instance": get_config("Release.Name"),
        "helm.sh/chart": chart,
        "app.kubernetes.io/managed-by": "kubespawner",
    }
    c.KubeSpawner.scheduler_name = names["user-scheduler"]
    c.KubeSpawner.priority_class_name = names["priority"]
    purpose = {"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}
    c.KubeSpawner.node_affinity_preferred = [
        {"weight": 100, "preference": {"matchExpressions": [purpose]}}
    ]
    c.KubeSpawner.tolerations = get_config("scheduling.userPods.tolerations") + get_config(
        "singleuser.extraTolerations"
    )
    home = get_config("singleuser.storage.dynamic.volumeNameTemplate")
    claim = {"claimName": "{pvc_name}"}
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.volumes = {home: {"name": home, "persistentVolumeClaim": claim}}
    path = get_config("singleuser.storage.homeMountPath")
    c.KubeSpawner.volume_mounts = {home: {"mountPath": path, "name": home, "subPath": None}}
    for volume in get_config("singleuser.storage.extraVolumes") or []:
        c.KubeSpawner.volumes[volume["name"]] = volume
    if account := get_config("singleuser.serviceAccountName"):
        c.KubeSpawner.service_account = account
    c.Spawner.cmd = get_config("singleuser.cmd")
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
