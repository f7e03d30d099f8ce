"""Grades in the cloud: what a Dask cluster must offer for the assignments of the syllabus.

Only the coordinator reads this: what a worker gets is the job and the names of the resources, so
neither the workers' machines nor the engine know of profiles.
"""

from __future__ import annotations

from course.syllabus import Course
from course.syllabus import load as load_syllabus
from hub_config.machines.profiles import Profile, Profiles
from hub_config.machines.profiles import load as load_profiles

#: What Dask calls an accelerator of any kind: a worker offers ``GPU=1``, an assignment asks for it.
RESOURCE = "GPU"
#: How many threads a worker needs for each submission that it runs at a time: while one runs, the
#: processes of the next start (`autograder.dispatch.worker`).
THREADS = 2


def offered(profile: Profile) -> dict[str, float]:
    """Return the Dask resources that a worker on a machine of this profile offers."""
    return {RESOURCE: float(profile.accelerator.count)} if profile.accelerator else {}


def resources(
    profiles: Profiles | None = None, syllabus: Course | None = None
) -> dict[str, dict[str, float]]:
    """Return the Dask resources that each assignment asks for.

    Parameters
    ----------
    profiles : Profiles, optional
        The machines; those of ``profiles.toml`` otherwise.
    syllabus : Course, optional
        The assignments, each with the compute profile of its lecture; the course's own otherwise.

    Returns
    -------
    dict
        By assignment, what a worker must offer; an assignment that any worker can grade is left
        out.

    Raises
    ------
    ProfileError
        If a lecture names a profile that there is not.
    """
    profiles, syllabus = profiles or load_profiles(), syllabus or load_syllabus()
    asked = {
        lecture.assignment.name: offered(profiles.profile(lecture.compute))
        for lecture in syllabus.lectures()
        if lecture.assignment
    }
    return {name: wanted for name, wanted in asked.items() if wanted}
