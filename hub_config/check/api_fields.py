"""What the API server asks of single fields beyond their type: words of a list, bounds, formats.

The types are in Kubernetes' own schema (`kubernetes_validate`), which leaves these to the server's
code (``k8s.io/kubernetes/pkg/apis/*/validation``). A line is ``Type.field``, with ``[]`` for each
item of a list, ``{}`` for each value and ``{key}`` for each name of a mapping.
"""

from __future__ import annotations

from typing import Any

#: The largest number of seconds, users and so on.
INT32 = 2**31 - 1
#: Which numbers a cluster gives out for NodePort, unless its administrator says otherwise.
NODE_PORTS = (30000, 32767)
_PROTOCOLS = ["TCP", "UDP", "SCTP"]


def among(*words: str) -> dict[str, Any]:
    """Return a schema that takes these words, and nothing."""
    return {"enum": [*words, None]}


def between(least: int, most: int = INT32) -> dict[str, Any]:
    """Return a schema that takes numbers within bounds."""
    return {"minimum": least, "maximum": most}


def form(name: str) -> dict[str, Any]:
    """Return a schema that takes what is written in a format of `hub_config.check.syntax`."""
    return {"format": name}


FIELDS: dict[str, dict[str, Any]] = {
    "ObjectMeta.name": form("subdomain"),
    "ObjectMeta.labels{key}": form("label-key"),
    "ObjectMeta.labels{}": form("label-value"),
    "ObjectMeta.annotations{key}": form("annotation-key"),
    "LabelSelector.matchLabels{key}": form("label-key"),
    "LabelSelector.matchLabels{}": form("label-value"),
    "LabelSelectorRequirement.key": form("label-key"),
    "LabelSelectorRequirement.operator": among("In", "NotIn", "Exists", "DoesNotExist"),
    "LabelSelectorRequirement.values[]": form("label-value"),
    "NodeSelectorRequirement.key": form("label-key"),
    "NodeSelectorRequirement.operator": among("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    "NodeSelectorRequirement.values[]": form("label-value"),
    "PreferredSchedulingTerm.weight": between(1, 100),
    "WeightedPodAffinityTerm.weight": between(1, 100),
    "PodAffinityTerm.topologyKey": form("label-key"),
    "TopologySpreadConstraint.topologyKey": form("label-key"),
    "TopologySpreadConstraint.maxSkew": between(1),
    "TopologySpreadConstraint.whenUnsatisfiable": among("DoNotSchedule", "ScheduleAnyway"),
    "Toleration.key": {"anyOf": [{"const": ""}, form("label-key")]},
    "Toleration.operator": among("Exists", "Equal", ""),
    "Toleration.effect": among("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
    "Toleration.value": form("label-value"),
    "PodSpec.nodeSelector{key}": form("label-key"),
    "PodSpec.nodeSelector{}": form("label-value"),
    "PodSpec.restartPolicy": among("Always", "OnFailure", "Never"),
    "PodSpec.dnsPolicy": among("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "PodSpec.preemptionPolicy": among("Never", "PreemptLowerPriority"),
    "PodSpec.activeDeadlineSeconds": between(1),
    "PodSpec.terminationGracePeriodSeconds": between(0),
    "PodSpec.hostname": form("name"),
    "PodSpec.subdomain": form("name"),
    "PodSpec.serviceAccountName": form("subdomain"),
    "PodSpec.schedulerName": form("subdomain"),
    "PodSpec.priorityClassName": form("subdomain"),
    "PodSpec.runtimeClassName": form("subdomain"),
    "LocalObjectReference.name": form("subdomain"),
    "HostAlias.ip": form("address"),
    "HostAlias.hostnames[]": form("subdomain"),
    "PodDNSConfig.nameservers[]": form("address"),
    "Container.name": form("name"),
    "Container.image": form("image"),
    "Container.imagePullPolicy": among("Always", "IfNotPresent", "Never", ""),
    "Container.restartPolicy": among("Always"),
    "Container.terminationMessagePolicy": among("File", "FallbackToLogsOnError"),
    "ContainerPort.containerPort": between(1, 65535),
    "ContainerPort.hostPort": between(0, 65535),
    "ContainerPort.name": form("port-name"),
    "ContainerPort.protocol": among(*_PROTOCOLS),
    "EnvVar.name": form("variable"),
    "SecretKeySelector.key": form("secret-key"),
    "ConfigMapKeySelector.key": form("secret-key"),
    "SecretKeySelector.name": form("subdomain"),
    "ConfigMapKeySelector.name": form("subdomain"),
    "VolumeMount.mountPath": form("mount-path"),
    "VolumeMount.subPath": form("inside"),
    "VolumeMount.mountPropagation": among("None", "HostToContainer", "Bidirectional"),
    "VolumeMount.name": form("name"),
    "Volume.name": form("name"),
    "EmptyDirVolumeSource.medium": among("", "Memory", "HugePages", "HugePages-2Mi"),
    "SecretVolumeSource.defaultMode": between(0, 0o777),
    "SecretVolumeSource.secretName": form("subdomain"),
    "ConfigMapVolumeSource.defaultMode": between(0, 0o777),
    "ConfigMapVolumeSource.name": form("subdomain"),
    "KeyToPath.mode": between(0, 0o777),
    "KeyToPath.path": form("inside"),
    "PersistentVolumeClaimVolumeSource.claimName": form("subdomain"),
    "NFSVolumeSource.path": form("absolute"),
    "HostPathVolumeSource.type": among(
        "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice"
    ),
    "HTTPGetAction.port": form("port"),
    "HTTPGetAction.scheme": among("HTTP", "HTTPS"),
    "TCPSocketAction.port": form("port"),
    "Probe.failureThreshold": between(0),
    "Probe.successThreshold": between(0),
    "Probe.periodSeconds": between(0),
    "Probe.timeoutSeconds": between(0),
    "Probe.initialDelaySeconds": between(0),
    "SleepAction.seconds": between(0),
    "SecurityContext.runAsUser": between(0),
    "SecurityContext.runAsGroup": between(0),
    "SecurityContext.procMount": among("Default", "Unmasked"),
    "PodSecurityContext.runAsUser": between(0),
    "PodSecurityContext.runAsGroup": between(0),
    "PodSecurityContext.fsGroup": between(0),
    "PodSecurityContext.fsGroupChangePolicy": among("OnRootMismatch", "Always"),
    "PodSecurityContext.supplementalGroups[]": between(0),
    "SeccompProfile.type": among("Localhost", "RuntimeDefault", "Unconfined"),
    "AppArmorProfile.type": among("Localhost", "RuntimeDefault", "Unconfined"),
    "PersistentVolumeClaimSpec.accessModes[]": among(
        "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"
    ),
    "PersistentVolumeClaimSpec.volumeMode": among("Filesystem", "Block"),
    "PersistentVolumeClaimSpec.storageClassName": {
        "anyOf": [{"const": ""}, {"const": None}, form("subdomain")]
    },
    "ServiceSpec.type": among("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    "ServiceSpec.externalTrafficPolicy": among("Cluster", "Local"),
    "ServiceSpec.loadBalancerSourceRanges[]": form("cidr"),
    "ServiceSpec.externalIPs[]": form("address"),
    "ServiceSpec.loadBalancerIP": form("address"),
    "ServiceSpec.ipFamilyPolicy": among("SingleStack", "PreferDualStack", "RequireDualStack"),
    "ServiceSpec.ipFamilies[]": among("IPv4", "IPv6"),
    "ServicePort.name": form("name"),
    "ServicePort.port": between(1, 65535),
    "ServicePort.nodePort": {"anyOf": [{"const": 0}, between(*NODE_PORTS)]},
    "ServicePort.protocol": among(*_PROTOCOLS),
    "ServicePort.targetPort": form("port"),
    "IPBlock.cidr": form("cidr"),
    "IPBlock.except[]": form("cidr"),
    "NetworkPolicyPort.port": form("port"),
    "NetworkPolicyPort.endPort": between(1, 65535),
    "NetworkPolicyPort.protocol": among(*_PROTOCOLS),
    "NetworkPolicySpec.policyTypes[]": among("Ingress", "Egress"),
    "HTTPIngressPath.path": form("absolute"),
    "HTTPIngressPath.pathType": among("Exact", "Prefix", "ImplementationSpecific"),
    "IngressRule.host": form("host-or-wildcard"),
    "IngressTLS.hosts[]": form("host-or-wildcard"),
    "IngressTLS.secretName": form("subdomain"),
    "IngressSpec.ingressClassName": form("subdomain"),
    "IngressServiceBackend.name": form("service-name"),
    "DeploymentStrategy.type": among("Recreate", "RollingUpdate"),
    "RollingUpdateDeployment.maxSurge": form("share"),
    "RollingUpdateDeployment.maxUnavailable": form("share"),
    "DeploymentSpec.replicas": between(0),
    "StatefulSetSpec.replicas": between(0),
    "DeploymentSpec.revisionHistoryLimit": between(0),
    "PodDisruptionBudgetSpec.maxUnavailable": form("share"),
    "PodDisruptionBudgetSpec.minAvailable": form("share"),
    "PriorityClass.preemptionPolicy": among("Never", "PreemptLowerPriority"),
    "PriorityClass.value": between(-INT32 - 1, 10**9),
    "JobSpec.activeDeadlineSeconds": between(1),
    "JobSpec.backoffLimit": between(0),
    "JobSpec.completions": between(0),
    "JobSpec.parallelism": between(0),
    "JobSpec.ttlSecondsAfterFinished": between(0),
    "CronJobSpec.concurrencyPolicy": among("Allow", "Forbid", "Replace"),
    "CronJobSpec.startingDeadlineSeconds": between(0),
}
