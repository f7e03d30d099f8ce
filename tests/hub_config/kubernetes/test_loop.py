"""Real nbgrader through the mounts of real pods; what Kubernetes would bind, bubblewrap binds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub_config.image import settings
from hub_config.kubernetes import helm_values, target
from hub_config.laptop.isolation import Mount, View, package_folders, python_folders
from tests.hub_config.courses import small_course
from tests.hub_config.kubernetes.pod import filled, in_the_pod, over_the_chart

pytestmark = pytest.mark.slow
STUDENTS = ("ann", "bob")


class Pod:
    """One container of a manifest, with its volumes as folders of this machine."""

    def __init__(self, isolation, folder, shared, spec, container, etc):
        self.isolation = isolation
        volumes = {one["name"]: one for one in spec["volumes"]}
        mounts = [Mount.same(path) for path in python_folders()]
        mounts += [
            Mount.same(path) for path in package_folders("course", "autograder", "hub_config")
        ]
        mounts += [Mount(source, Path(there)) for there, source in etc.items()]
        # As container runtimes do, parents before what lies in them.
        for mount in sorted(container["volumeMounts"], key=lambda one: one["mountPath"].count("/")):
            volume = volumes[mount["name"]]
            if volume.get("persistentVolumeClaim", {}).get("claimName") == "dlef-shared":
                source = shared / mount.get("subPath", "")
            elif "emptyDir" in volume or "persistentVolumeClaim" in volume:
                source = folder / mount["name"]
                source.mkdir(parents=True, exist_ok=True)
            else:
                continue  # settings, which `etc` brings, and keys for graders
            assert source.is_dir(), f"kubelet would make {source} as root"
            if mount["mountPath"] != "/dev/shm":
                writable = not mount.get("readOnly", False)
                mounts.append(Mount(source, Path(mount["mountPath"]), writable))
        self.view = View(tuple(mounts), Path(container.get("workingDir", "/home/jovyan")))
        told = {one["name"]: one["value"] for one in container.get("env", []) if "value" in one}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
        self.environment = {"PATH": path, "HOME": "/home/jovyan", **told}

    def run(self, *argv):
        return subprocess.run(
            self.isolation.command(self.view, list(argv)),
            capture_output=True,
            text=True,
            timeout=120,
            env=self.environment,
        )

    def nbgrader(self, *words):
        done = self.run(sys.executable, "-m", "nbgrader", *words)
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def cluster(isolation, tmp_path_factory):
    """The instructors' pod and two students', over one shared volume."""
    folder = tmp_path_factory.mktemp("cluster")
    for name in ("target", "hub"):
        (folder / name).mkdir()
    path = filled(folder / "target", custom={"course": {"id": "small"}})
    loaded = target.load(str(path))
    made = {(one["kind"], one["metadata"]["name"]): one for one in helm_values.manifests(loaded)}
    shared = folder / "shared"
    prepare = made["Job", "dlef-prepare"]["spec"]["template"]["spec"]["containers"][0]["command"]
    (folders,) = (part for part in prepare[-1].split(" && ") if part.startswith("mkdir"))
    subprocess.run(folders.replace("/shared", str(shared)).split(), check=True)
    small_course(shared / "course")
    texts = made["ConfigMap", "formgrader"]["data"]
    (folder / "settings").mkdir()
    for name, text in texts.items():
        (folder / "settings" / name).write_text(text)
    spec = made["Deployment", "formgrader"]["spec"]["template"]["spec"]
    etc = {"/etc/dlef": folder / "settings"}
    pods = {
        "formgrader": Pod(isolation, folder / "f", shared, spec, spec["containers"][0], etc),
    }
    # What the image has, and the operating system's own name of everybody.
    settings.write("cpu", etc=folder / "etc", share=folder / "share")
    values = over_the_chart(helm_values.values(loaded))
    job = {"users": list(STUDENTS), "profiles": ["cpu-small"]}
    answer = in_the_pod(folder / "hub", values, **job)
    for name in STUDENTS:
        spec = answer["pods"][f"{name} cpu-small"]["pod"]["spec"]
        (box,) = spec["initContainers"]
        here = [word.replace("/shared", str(shared)) for word in box["command"]]
        subprocess.run(here, check=True)
        etc = {"/etc/jupyter": folder / "etc"}
        pods[name] = Pod(isolation, folder / name, shared, spec, spec["containers"][0], etc)
    return pods


def test_what_is_released_is_solved_and_what_is_submitted_is_collected(cluster):
    grader = cluster["formgrader"]
    grader.nbgrader("generate_assignment", "ps1", "--create")
    grader.nbgrader("release_assignment", "ps1")
    for name in STUDENTS:
        cluster[name].nbgrader("fetch_assignment", "ps1")
        cluster[name].nbgrader("submit", "ps1")
    grader.nbgrader("collect", "ps1")
    found = grader.run("ls", "/srv/course/submitted")
    assert found.stdout.split() == list(STUDENTS)
    hand_in_feedback(grader)
    grader.nbgrader("release_feedback", "ps1")
    cluster["ann"].nbgrader("fetch_feedback", "ps1")
    page = cluster["ann"].run("sh", "-c", "cat ps1/feedback/*/means.html")
    assert page.stdout == "well done, ann"
    other = cluster["bob"].run("sh", "-c", "cat /srv/exchange/small/feedback/*")
    assert other.stdout == "well done, bob"


def hand_in_feedback(grader):
    """Write what `generate_feedback` would, which needs kernels and shows nothing of mounts."""
    for name in STUDENTS:
        where = f"/srv/course/feedback/{name}/ps1"
        submitted = f"/srv/course/submitted/{name}/ps1"
        script = f"mkdir -p {where} && cp {submitted}/*.txt {where} && printf 'well done, {name}'"
        done = grader.run("sh", "-ec", f"{script} > {where}/means.html")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["outbound", "feedback"])
def test_a_student_changes_nothing_that_the_instructors_wrote(cluster, folder):
    done = cluster["ann"].run("touch", f"/srv/exchange/small/{folder}/forged")
    assert "Read-only file system" in done.stderr


def test_a_student_sees_nobody_elses_box(cluster):
    script = "find / -xdev -name '*bob*' 2>/dev/null; ls /srv"
    assert cluster["ann"].run("sh", "-c", script).stdout.split() == ["exchange"]


def test_a_student_cannot_lead_the_instructors_elsewhere(cluster):
    """Above the folder for submissions nothing of a box is the student's to replace by a link."""
    ann = cluster["ann"]
    for path in ("/srv/exchange/small/inbound", "/srv/exchange/small"):
        ann.run("sh", "-c", f"mv {path} /tmp/x; rm -rf {path}; ln -s /home {path}")
    grader = cluster["formgrader"]
    kinds = grader.run("sh", "-c", "stat -c '%F' /srv/boxes/ann /srv/boxes/ann/small/*")
    assert set(kinds.stdout.splitlines()) == {"directory"}
