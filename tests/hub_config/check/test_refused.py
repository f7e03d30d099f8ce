"""What Kubernetes, the chart or KubeSpawner refuses, the check names in one sentence.

Each target is right but for one change. Those of `TRIED` come from a trial on a real API server,
where they were refused by Helm, when they were applied, or only when a student started a server;
`KIN` and `MACHINES` are others of their kinds.
"""

import pytest
import yaml

from hub_config.check import target as check_target
from hub_config.kubernetes import target
from hub_config.machines import profiles
from tests.hub_config import targets
from tests.hub_config.check.test_target import PROFILES

#: By name: the change (YAML over the values), and words of the sentence.
TRIED = {
    "number in the environment": (
        "singleuser: {extraEnv: {OMP_NUM_THREADS: 2}}",
        "singleuser.extraEnv.OMP_NUM_THREADS is 2; write a text, in quotes",
    ),
    "boolean in the environment": (
        "singleuser: {extraEnv: {KERAS: true}}",
        "singleuser.extraEnv.KERAS is true; write a text",
    ),
    "braces": (
        """singleuser: {extraEnv: {S: '{ "a": 1 }'}}""",
        "singleuser.extraEnv.S is '{ \"a\": 1 }'; write '{{' and '}}'",
    ),
    "mount without a volume": (
        "singleuser: {storage: {extraVolumeMounts: [{name: data, mountPath: /data}]}}",
        "volumeMounts[0].name is 'data'; add a volume of that name singleuser.storage.extraVolume",
    ),
    "volume in capitals": (
        "singleuser: {storage: {extraVolumes: [{name: Data_Sets, emptyDir: {}}]}}",
        "singleuser.storage.extraVolumes[0].name is 'Data_Sets'; write at most 63 small letters",
    ),
    "key of a claim": (
        "singleuser: {storage: {extraVolumes: "
        "[{name: data, persistentVolumeClaim: {claimname: data, claimName: data}}]}}",
        "persistentVolumeClaim.claimname is unknown to Kubernetes; did you mean 'claimName'?",
    ),
    "command as a text": (
        "singleuser: {lifecycleHooks: {postStart: {exec: {command: cp -r /a /b}}}}",
        "singleuser.lifecycleHooks.postStart.exec.command is 'cp -r /a /b'; write a list",
    ),
    "label with a blank": (
        "singleuser: {extraLabels: {course: Deep Learning}}",
        "singleuser.extraLabels.course is 'Deep Learning'; write at most 63 letters, digits",
    ),
    "storage class with a blank": (
        "singleuser: {storage: {dynamic: {storageClass: Fast SSD}}}",
        "singleuser.storage.dynamic.storageClass is 'Fast SSD'; write small letters",
    ),
    "claim with an underscore": (
        "singleuser: {storage: {dynamic: {pvcNameTemplate: 'claim_{username}'}}}",
        "singleuser.storage.dynamic.pvcNameTemplate is 'claim_ada'; write small letters",
    ),
    "access mode": (
        "singleuser: {storage: {dynamic: {storageAccessModes: [ReadWriteonce]}}}",
        "storageAccessModes[0] is 'ReadWriteonce'; did you mean 'ReadWriteOnce'?",
    ),
    "key of a pod": (
        "singleuser: {extraPodConfig: {dnsPolicies: ClusterFirst}}",
        "singleuser.extraPodConfig.dnsPolicies is unknown to Kubernetes; did you mean 'dnsPolicy'?",
    ),
    "image with a blank": (
        "custom: {images: {cpu: 'registry.dlef.test/dlef-cpu:0.1.0 '}}",
        "custom.images.cpu is 'registry.dlef.test/dlef-cpu:0.1.0 '; write REGISTRY/NAME:TAG blanks",
    ),
    "operator of a toleration": (
        "scheduling: {userPods: {tolerations: "
        "[{key: a, operator: Equals, value: b, effect: NoSchedule}]}}",
        "scheduling.userPods.tolerations[0].operator is 'Equals'; did you mean 'Equal'?",
    ),
    "effect of a toleration": (
        "hub: {tolerations: [{key: a, operator: Exists, effect: NoShedule}]}",
        "hub.tolerations[0].effect is 'NoShedule'; did you mean 'NoSchedule'?",
    ),
    "selector that is no text": (
        "hub: {nodeSelector: {gpu: false}}",
        "hub.nodeSelector.gpu is false; write a text",
    ),
    "request above its limit": (
        "hub: {resources: {requests: {memory: 4Gi}}}",
        "hub.resources.requests.memory is '4Gi'; write at most the limit, which is '2Gi'",
    ),
    "number in the hub's environment": (
        "hub: {extraEnv: {X: 30}}",
        "hub.extraEnv.X is 30; write a text, in quotes",
    ),
    "class of the shared volume": (
        "custom: {volumes: {shared_class: Standard_RWX}}",
        "custom.volumes.shared_class is 'Standard_RWX'; write small letters",
    ),
    "address that is no range": (
        "hub: {networkPolicy: {egress: [{to: [{ipBlock: {cidr: 10.1.2.3}}]}]}}",
        "ipBlock.cidr is '10.1.2.3'; write a range of addresses '10.1.2.3/32'",
    ),
    "source that is no range": (
        "proxy: {service: {loadBalancerSourceRanges: [130.92.0.0]}}",
        "proxy.service.loadBalancerSourceRanges[0] is '130.92.0.0'; write a range of addresses",
    ),
    **{
        f"schedule {part}": (
            f"custom: {{warm: {{schedule: '{schedule}'}}}}",
            f"custom.warm.schedule is '{schedule}', where Kubernetes refuses '{part}'; write",
        )
        for schedule, part in (
            ("*/0 8 * * 1", "*/0"),
            ("15 8 * * 6-1", "6-1"),
            ("15 8 L * *", "L"),
            ("15 8 * * Mon-Sonntag", "Mon-Sonntag"),
        )
    },
    "image with a scheme": (
        "custom: {images: {gpu: 'https://registry.dlef.test/dlef-gpu:0.1.0'}}",
        "custom.images.gpu is 'https://registry.dlef.test/dlef-gpu:0.1.0'; without 'https://'",
    ),
    "image in capitals": (
        "custom: {images: {grader: 'registry.dlef.test/DLEF-Grader:0.1.0'}}",
        "custom.images.grader is 'registry.dlef.test/DLEF-Grader:0.1.0'; small letters",
    ),
    "priority below the seats": (
        "scheduling: {podPriority: {defaultPriority: -20}}",
        "scheduling.podPriority.defaultPriority is -20, so servers would not take the seats",
    ),
}
#: Others of their kind.
KIN = {
    "toleration that exists with a value": (
        "hub: {tolerations: [{key: a, operator: Exists, value: b}]}",
        "hub.tolerations[0].value is 'b'; remove it, or write 'operator: Equal'",
    ),
    "toleration without a key": (
        "hub: {tolerations: [{operator: Equal, value: b}]}",
        "hub.tolerations[0].key is null; write the key of a taint",
    ),
    "seconds of a toleration": (
        "prePuller: {extraTolerations: [{key: a, operator: Exists, tolerationSeconds: 60}]}",
        "prePuller.extraTolerations[0].tolerationSeconds is 60; 'effect: NoExecute'",
    ),
    "operator of an affinity": (
        "singleuser: {extraNodeAffinity: {required: [{matchExpressions: "
        "[{key: zone, operator: in, values: [a]}]}]}}",
        "matchExpressions[0].operator is 'in'; write one of In, NotIn did you mean 'In'?",
    ),
    "affinity without values": (
        "singleuser: {extraNodeAffinity: {required: [{matchExpressions: "
        "[{key: zone, operator: In}]}]}}",
        "matchExpressions[0].values is null; list one value",
    ),
    "affinity that compares words": (
        "singleuser: {extraNodeAffinity: {required: [{matchExpressions: "
        "[{key: gpus, operator: Gt, values: [many]}]}]}}",
        "matchExpressions[0].values is ['many']; list one whole number, in quotes",
    ),
    "weight": (
        "singleuser: {extraPodAntiAffinity: {preferred: [{weight: 200, podAffinityTerm: "
        "{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}}}]}}",
        "singleuser.extraPodAntiAffinity.preferred[0].weight is 200; write 100 or less",
    ),
    "no topology": (
        "singleuser: {extraPodAffinity: {required: [{labelSelector: {matchLabels: {a: b}}}]}}",
        "singleuser.extraPodAffinity.required[0].topologyKey is not there; add it",
    ),
    "probe below 0": (
        "hub: {livenessProbe: {enabled: true, periodSeconds: -1}}",
        "hub.livenessProbe.periodSeconds is -1; write 0 or more",
    ),
    "key of a probe": (
        "hub: {readinessProbe: {initialDelay: 3}}",
        "hub.readinessProbe.initialDelay is unknown to Kubernetes; 'initialDelaySeconds'?",
    ),
    "user by name": (
        "hub: {containerSecurityContext: {runAsUser: jovyan}}",
        "hub.containerSecurityContext.runAsUser is 'jovyan'; write a whole number",
    ),
    "root that is not root": (
        "hub: {containerSecurityContext: {runAsNonRoot: true, runAsUser: 0}}",
        "hub.containerSecurityContext.runAsUser is 0; write another user",
    ),
    "profile of system calls": (
        "proxy: {chp: {containerSecurityContext: {seccompProfile: {type: runtime/default}}}}",
        "seccompProfile.type is 'runtime/default'; write one of Localhost, RuntimeDefault",
    ),
    "type of a service": (
        "proxy: {service: {type: Loadbalancer}}",
        "proxy.service.type is 'Loadbalancer'; did you mean 'LoadBalancer'?",
    ),
    "port of a node": (
        "proxy: {service: {nodePorts: {https: 443}}}",
        "proxy.service.nodePorts.https is 443; write 30000 or more",
    ),
    "port of a service": (
        "proxy: {service: {extraPorts: [{name: ssh, port: 70000}]}}",
        "proxy.service.extraPorts[0].port is 70000; write 65535 or less",
    ),
    "address by name": (
        "proxy: {service: {loadBalancerIP: hub.dlef.test}}",
        "proxy.service.loadBalancerIP is 'hub.dlef.test'; write an IP address",
    ),
    "annotation that is no text": (
        "proxy: {service: {annotations: {internal: true}}}",
        "proxy.service.annotations.internal is true; write a text, in quotes",
    ),
    "host of an ingress": (
        "ingress: {enabled: true, hosts: ['https://hub.dlef.test']}",
        "ingress.hosts[0] is 'https://hub.dlef.test'; write a name of the internet",
    ),
    "kind of path": (
        "ingress: {enabled: true, pathType: prefix}",
        "ingress.pathType is 'prefix'; did you mean 'Prefix'?",
    ),
    "secret of an ingress": (
        "ingress: {enabled: true, tls: [{hosts: [hub.dlef.test], secretName: Hub_TLS}]}",
        "ingress.tls[0].secretName is 'Hub_TLS'; write small letters",
    ),
    "resource without a domain": (
        "hub: {resources: {limits: {gpu: 1}}}",
        "hub.resources.limits has the name 'gpu'; write one of cpu, memory 'nvidia.com/gpu'",
    ),
    "half a GPU": (
        "hub: {resources: {limits: {nvidia.com/gpu: 0.5}}}",
        "hub.resources.limits.nvidia.com/gpu is 0.5; write a whole number",
    ),
    "more GPUs at most than asked for": (
        "hub: {resources: {limits: {nvidia.com/gpu: 2}, requests: {nvidia.com/gpu: 1}}}",
        "hub.resources.requests.nvidia.com/gpu is 1; ask for as many as the limit",
    ),
    "amount with a blank": (
        "proxy: {chp: {resources: {limits: {memory: 512 Mi}}}}",
        "proxy.chp.resources.limits.memory is '512 Mi'; write 0 or more with a unit",
    ),
    "amount with a comma": (
        "hub: {resources: {requests: {cpu: '0,5'}}}",
        "hub.resources.requests.cpu is '0,5'; write 0 or more with a unit",
    ),
    "amount below 0": (
        "scheduling: {userScheduler: {resources: {requests: {cpu: -1}}}}",
        "scheduling.userScheduler.resources.requests.cpu is -1; write 0 or more",
    ),
    "culling never": ("cull: {every: 0}", "cull.every is 0; write 1 or more"),
    "no time to start": ("singleuser: {startTimeout: 0}", "singleuser.startTimeout is 0; write 1"),
    "access mode of the database": (
        "hub: {db: {pvc: {accessModes: [RWO]}}}",
        "hub.db.pvc.accessModes[0] is 'RWO'; write one of ReadWriteOnce",
    ),
    "kind of update": (
        "hub: {deploymentStrategy: {type: Rolling}}",
        "hub.deploymentStrategy.type is 'Rolling'; did you mean 'RollingUpdate'?",
    ),
    "volume of two sources": (
        "hub: {extraVolumes: [{name: data, emptyDir: {}, hostPath: {path: /data}}]}",
        "hub.extraVolumes[0] is ['emptyDir', 'hostPath']; give it one source",
    ),
    "volume of no source": (
        "hub: {extraVolumes: [{name: data}]}",
        "hub.extraVolumes[0] is []; give it one source",
    ),
    "volume of the chart's name": (
        "hub: {extraVolumes: [{name: config, emptyDir: {}}]}",
        "hub.extraVolumes[0].name is 'config'; give it another name",
    ),
    "mount in the hub without a volume": (
        "hub: {extraVolumeMounts: [{name: data, mountPath: /data}]}",
        "hub.extraVolumeMounts[0].name is 'data'; add it to extraVolumes",
    ),
    "mount at a Windows path": (
        "hub: {extraVolumes: [{name: data, emptyDir: {}}], "
        "extraVolumeMounts: [{name: data, mountPath: 'C:/data'}]}",
        "hub.extraVolumeMounts[0].mountPath is 'C:/data'; write a path",
    ),
    "way out of a volume": (
        "singleuser: {storage: {dynamic: {subPath: ../other}}}",
        "singleuser.storage.dynamic.subPath is '../other'; write a path inside the volume",
    ),
    "two volumes of a name": (
        "singleuser: {storage: {extraVolumes: {a: {name: data, emptyDir: {}}, "
        "b: {name: data, emptyDir: {}}}}}",
        "spec.volumes[1].name is 'data'; give it another name",
    ),
    "two mounts at a place": (
        "singleuser: {storage: {extraVolumes: [{name: data, emptyDir: {}}], "
        "extraVolumeMounts: [{name: data, mountPath: /home/jovyan}]}}",
        "mountPath is '/home/jovyan'; remove it: there is another mount",
    ),
    "octal that is none": (
        "singleuser: {extraFiles: {a.py: {mountPath: /a.py, stringData: x, mode: 644}}}",
        "singleuser.extraFiles.a.py.mode is 644; write 511 or less",
    ),
    "key of a container": (
        "singleuser: {initContainers: [{name: first, image: 'a:1', comand: ['true']}]}",
        "singleuser.initContainers[0].comand is unknown to Kubernetes; did you mean 'command'?",
    ),
    "container without a name": (
        "singleuser: {extraContainers: [{image: 'a:1'}]}",
        "singleuser.extraContainers[0].name is not there; add it",
    ),
    "container of the server's name": (
        "singleuser: {extraContainers: [{name: notebook, image: 'a:1'}]}",
        "spec.containers[1].name is 'notebook'; give it another name",
    ),
    "hook of two things": (
        "singleuser: {lifecycleHooks: {preStop: {exec: {command: ['true']}, sleep: {seconds: 3}}}}",
        "singleuser.lifecycleHooks.preStop is ['exec', 'sleep']; give it one",
    ),
    "variable with =": (
        "singleuser: {extraEnv: {'A=B': c}}",
        "singleuser.extraEnv has the name 'A=B'; write the name of a variable",
    ),
    "variable from nowhere": (
        "singleuser: {extraEnv: {TOKEN: {valueFrom: {secretKeyRef: {name: data}}}}}",
        "singleuser.extraEnv.TOKEN.valueFrom.secretKeyRef.key is not there; add it",
    ),
    "variable from two places": (
        "hub: {extraEnv: {A: {value: a, valueFrom: {secretKeyRef: {name: data, key: a}}}}}",
        "hub.extraEnv.A.value is 'a'; remove it, or valueFrom",
    ),
    "list of variables for KubeSpawner": (
        "singleuser: {extraEnv: [{name: A, value: b}]}",
        "singleuser.extraEnv is [{'name': 'A', 'value': 'b'}]; write a mapping",
    ),
    "restart policy": (
        "singleuser: {extraPodConfig: {restartPolicy: always}}",
        "singleuser.extraPodConfig.restartPolicy is 'always'; did you mean 'Always'?",
    ),
    "priority class": (
        "singleuser: {extraPodConfig: {priorityClassName: High Priority}}",
        "singleuser.extraPodConfig.priorityClassName is 'High Priority'; write small letters",
    ),
    "name that nobody fills in": (
        "singleuser: {extraLabels: {owner: '{user_name}'}}",
        "singleuser.extraLabels.owner is '{user_name}'; it fills in {username}",
    ),
    "key of a label": (
        "singleuser: {extraLabels: {cost centre: '4711'}}",
        "singleuser.extraLabels has the name 'cost centre'; write a name such as 'team'",
    ),
    "annotation of a server": (
        "singleuser: {extraAnnotations: {budget: 4711}}",
        "singleuser.extraAnnotations.budget is 4711; write a text, in quotes",
    ),
    "secret of a registry": (
        "imagePullSecrets: [My_Registry]",
        "imagePullSecrets[0] is 'My_Registry'; write small letters",
    ),
    "pull policy": (
        "singleuser: {image: {pullPolicy: IfNotpresent}}",
        "singleuser.image.pullPolicy is 'IfNotpresent'; did you mean 'IfNotPresent'?",
    ),
    "tag with a slash": (
        "hub: {image: {tag: release/4}}",
        "hub.image.tag is 'release/4'; write the tag of one version",
    ),
    "port of a policy": (
        "singleuser: {networkPolicy: {egress: [{ports: [{port: 99999}]}]}}",
        "singleuser.networkPolicy.egress[0].ports[0].port is 99999; write a number from 1 to 65535",
    ),
    "protocol of a policy": (
        "singleuser: {networkPolicy: {ingress: [{ports: [{port: 22, protocol: tcp}]}]}}",
        "singleuser.networkPolicy.ingress[0].ports[0].protocol is 'tcp'; did you mean 'TCP'?",
    ),
    "range of ports": (
        "hub: {networkPolicy: {egress: [{ports: [{port: 9000, endPort: 8000}]}]}}",
        "hub.networkPolicy.egress[0].ports[0].endPort is 8000; write 9000 or more",
    ),
    "exception from elsewhere": (
        "hub: {networkPolicy: {egress: "
        "[{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}}]}]}}",
        "ipBlock.except[0] is '192.168.0.0/16'; write a smaller range within 10.0.0.0/8",
    ),
    "purpose of nodes": (
        "scheduling: {userPods: {nodeAffinity: {matchNodePurpose: required}}}",
        "matchNodePurpose is 'required'; did you mean 'require'?",
    ),
    "priority too high": (
        "scheduling: {podPriority: {defaultPriority: 2000000000}}",
        "scheduling.podPriority.defaultPriority is 2000000000; write 1000000000 or less",
    ),
    "kind of HTTPS": (
        "proxy: {https: {type: secrets}}",
        "proxy.https.type is 'secrets'; did you mean 'secret'?",
    ),
    "address of an authority": (
        "proxy: {https: {letsencrypt: {acmeServer: acme.dlef.test/directory}}}",
        "acmeServer is 'acme.dlef.test/directory'; write an address that begins with 'https://'",
    ),
    "host in capitals": (
        "proxy: {https: {hosts: [hub.dlef.test, Hub.Econ.ch]}}",
        "proxy.https.hosts[1] is 'Hub.Econ.ch'; write the name alone, in small letters",
    ),
    "host that is a number": (
        "proxy: {https: {hosts: [hub.dlef.test, 130.92.1.2]}}",
        "proxy.https.hosts[1] is '130.92.1.2'; write the name alone",
    ),
    "address without a scheme": (
        "hub: {config: {GenericOAuthenticator: {token_url: login.dlef.test/token}}}",
        "hub.config.GenericOAuthenticator.token_url is 'login.dlef.test/token'; 'https://'",
    ),
    "metadata by name": (
        "singleuser: {cloudMetadata: {ip: metadata.google.internal}}",
        "singleuser.cloudMetadata.ip is 'metadata.google.internal'; write an IP address",
    ),
    "fewer servers than none": (
        "hub: {activeServerLimit: -1}",
        "hub.activeServerLimit is -1; write 0 or more",
    ),
    "label of nodes with a blank": (
        "hub: {nodeSelector: {cloud google.com/pool: core}}",
        "hub.nodeSelector has the name 'cloud google.com/pool'; write a name such as",
    ),
    "past the values": (
        "hub: {config: {KubeSpawner: {extra_annotations: {a b: c}}}}",
        "metadata.annotations has the name 'a b'; write a name such as",
    ),
    "pull policy past the values": (
        "hub: {config: {KubeSpawner: {image_pull_policy: always}}}",
        "spec.containers[0].imagePullPolicy is 'always'; did you mean 'Always'?",
    ),
}
#: The same for words of profiles.toml.
MACHINES = {
    "hours of a moment": (
        ("max_hours = 12", "max_hours = 0.0001"),
        "spec.activeDeadlineSeconds is 0; write 1 or more max_hours in profiles.toml",
    ),
    "resource with a blank": (
        ('resource = "nvidia.com/gpu", count', 'resource = "nvidia.com/L40S GPU", count'),
        "limits has the name 'nvidia.com/L40S GPU'; write a name profiles.toml",
    ),
    "label of a pool with a blank": (
        ('selector = { "dlef/pool" = "gpu" }', 'selector = { "gpu type/L40S" = "gpu" }'),
        "spec.nodeSelector has the name 'gpu type/L40S'; write a name selector in profiles.toml",
    ),
    "value of a label with a blank": (
        (
            'selector = { "dlef/pool" = "gpu" }',
            'selector = { "dlef/pool" = "gpu", "nvidia.com/gpu.product" = "NVIDIA L40S" }',
        ),
        "nvidia.com/gpu.product is 'NVIDIA L40S'; write at most 63 letters",
    ),
    "taint with a blank": (
        ('key = "nvidia.com/gpu", operator', 'key = "nvidia.com/gpu present", operator'),
        "spec.tolerations[1].key is 'nvidia.com/gpu present'; tolerations in profiles.toml",
    ),
}
ENOUGH = 40


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The file and the values of a target that is right."""
    path, _, values = target.read(str(targets.write(tmp_path_factory.mktemp("right"))))
    return path, values


def check_sentence(found, words):
    """There is one sentence, and every part of what is expected stands in it, in that order."""
    assert len(found) == 1, found
    rest = found[0]
    for part in words.replace("; ", ";\n").split("\n"):
        for word in [part] if part in rest else part.split():
            assert word in rest, (word, found[0])
            rest = rest.partition(word)[2]


@pytest.mark.parametrize("name", [*TRIED, *KIN])
def test_what_is_refused_is_named_once(name, right):
    path, values = right
    change, words = {**TRIED, **KIN}[name]
    check_sentence(check_target.judge(path, target.merge(values, yaml.safe_load(change))), words)


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_refused_of_a_machine_is_named_once(name, tmp_path):
    (old, new), words = MACHINES[name]
    assert old in PROFILES
    (tmp_path / "mine.toml").write_text(PROFILES.replace(old, new, 1))
    written = targets.write(tmp_path, over="custom: {profiles: mine.toml}")
    # That no pool of nodes is such is said, too.
    found = [one for one in check_target.check(str(written)) if not one.startswith("mine.toml")]
    check_sentence(found, words)


def test_enough_of_their_kind_is_named():
    assert len(KIN) + len(MACHINES) >= ENOUGH
    assert len(profiles.load().profiles) > 1  # each mistake is in several pods, and named once
