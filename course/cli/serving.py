"""Commands for operators: the hub on this computer, and the files of a hub elsewhere."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from course.cli.common import OK, STALE, Commands, checkout
from course.errors import CourseError, choose_from

INSTRUCTOR = "instructor"
STUDENTS = ["ada", "ben"]
LAPTOP, PORT = "laptop", 8000
#: The least digits of a number that is a student's name where a class could be counted.
SHORTEST_ID = 4


def add_hub(commands: Commands) -> None:
    """Add ``course hub`` and its actions.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    """
    parser = commands.add_parser(
        "hub",
        help="serve the course to a class from this machine, or prepare a hub elsewhere",
        epilog="Without an action, it serves.",
    )
    _add_laptop(parser)
    parser.set_defaults(run=_serve, port=PORT)
    for old in ("check", "plan", "values", "manifests"):
        parser.add_argument(f"--{old}", action=_Renamed, help=argparse.SUPPRESS)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, run, what in (
        ("serve", _serve, "serve the course from this machine"),
        ("check", _check, "say in words what is wrong with a target; exit 1 if anything is"),
        ("plan", _plan, "say what a target costs: nodes, accelerators, money"),
        ("values", _values, "print what `helm upgrade --install ... -f -` reads"),
        ("manifests", _manifests, "print what `kubectl apply -f -` reads"),
    ):
        # What stands before the action holds, too: only `hub` itself has defaults.
        action = actions.add_parser(name, help=what, argument_default=argparse.SUPPRESS)
        action.set_defaults(run=run)
        if name != "serve":
            action.add_argument(
                "target", metavar="TARGET", help="laptop, staging, production, or a YAML file"
            )
        if name in ("serve", "check"):
            _add_laptop(action)
        if name == "check":
            action.add_argument(
                "--chart",
                type=Path,
                default=None,
                metavar="DIR",
                help="of `helm pull --untar`: compare types with the chart's own schema, too",
            )
        if name == "plan":
            action.add_argument("--students", metavar="N", help="how many there are")


def _add_laptop(parser: argparse.ArgumentParser) -> None:
    """Add the options of a hub on this machine."""
    parser.add_argument(
        "--course", type=Path, metavar="DIR", help="nbgrader course (default: this one's)"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="where homes and passwords are kept (default: .hub)",
    )
    parser.add_argument(
        "--students",
        type=_names,
        metavar="NAME,NAME",
        help="who may log in, in addition to the instructor (default: as at the last start, at "
        "first ada,ben)",
    )
    parser.add_argument("--port", type=int, help=f"(default: {PORT})")
    parser.add_argument(
        "--reset-passwords",
        type=_names,
        nargs="?",
        const=[],
        metavar="NAME,NAME",
        help="make and print new ones for these users (default: everyone)",
    )


class _Renamed(argparse.Action):
    """Answers an option of earlier versions with the action of today."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> NoReturn:
        """Say what to write."""
        parser.error(f"--{self.dest} is an action now; write: course hub {self.dest} {values}")


def _serve(arguments: argparse.Namespace) -> int:
    from hub_config.laptop import hub

    students = _roster(arguments)
    users = [INSTRUCTOR, *students]
    reset = () if arguments.reset_passwords is None else arguments.reset_passwords or users
    for name in reset:
        if name not in users:
            raise CourseError(f"there is no user '{name}' to reset; {choose_from(name, users)}")
    try:
        return hub.serve(
            course_dir=_course(arguments),
            state_dir=_state(arguments),
            students=students,
            instructor=INSTRUCTOR,
            port=arguments.port,
            reset_passwords=reset,
        )
    except hub.HubError as error:
        raise CourseError(str(error)) from error


def _check(arguments: argparse.Namespace) -> int:
    target = arguments.target
    from hub_config.check import chart
    from hub_config.check import target as check_target

    if target == LAPTOP:
        found = check_target.laptop(
            _course(arguments), _state(arguments), _roster(arguments), INSTRUCTOR, arguments.port
        )
        compared = ""
    else:
        try:
            found = check_target.check(target, chart=arguments.chart)
        except chart.ChartError as error:
            raise CourseError(str(error)) from error
        missing = [
            *(() if arguments.chart else ("types not compared with the chart: --chart DIR",)),
            *(() if check_target.knows_kubernetes() else ("Kubernetes not asked: make setup",)),
        ]
        compared = f" ({'; '.join(missing)})" if missing else ""
    for sentence in found:
        print(sentence)
    if found:
        print(f"course: {len(found)} to mend in {target}{compared}", file=sys.stderr)
        return STALE
    print(f"{target} is as it should be{compared}")
    if target != LAPTOP:
        print(f"course: {check_target.LATER}", file=sys.stderr)
    return OK


def _plan(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from hub_config.cost import plan
    from hub_config.cost import table as cost_table

    students = _count(arguments.students)
    try:
        planned = plan.plan(_load(arguments.target), students)
    except plan.PlanError as error:
        raise CourseError(str(error)) from error
    except _wrong() as error:
        return _refused(arguments.target, error)
    console = Console(highlight=False)
    for table in (cost_table.nodes, cost_table.offered, cost_table.disks):
        console.print(table(planned))
    for sentence in cost_table.sentences(planned):
        console.print(sentence, soft_wrap=True)
    return OK


def _values(arguments: argparse.Namespace) -> int:
    from hub_config.kubernetes import helm_values

    return _print(arguments.target, lambda loaded: [helm_values.values(loaded)])


def _manifests(arguments: argparse.Namespace) -> int:
    from hub_config.kubernetes import helm_values

    return _print(arguments.target, helm_values.manifests)


def _print(target: str, render: Callable[[Any], Sequence[dict[str, Any]]]) -> int:
    from hub_config import yaml_output

    try:
        documents = render(_load(target))
    except _wrong() as error:
        return _refused(target, error)
    sys.stdout.write(yaml_output.dump(documents))
    return OK


def _load(target: str) -> Any:
    from hub_config.kubernetes import target as targets

    if target == LAPTOP:
        raise CourseError(
            "the target laptop has neither values nor nodes; name staging, production or a file"
        )
    return targets.load(target)


def _wrong() -> tuple[type[ValueError], ...]:
    """Return what says that a target's files are wrong, in the sentences of its arguments."""
    from hub_config.kubernetes.target import TargetError
    from hub_config.machines.profiles import ProfileError

    return TargetError, ProfileError


def _refused(target: str, error: ValueError) -> int:
    """Print the sentences of a target that cannot be used."""
    for sentence in error.args:
        print(f"course: {sentence}", file=sys.stderr)
    print(f"course: `course hub check {target}` says everything", file=sys.stderr)
    return STALE


def _course(arguments: argparse.Namespace) -> Path:
    return (arguments.course or checkout() / "assignments").resolve()


def _state(arguments: argparse.Namespace) -> Path:
    return (arguments.state or checkout() / ".hub").resolve()


def _roster(arguments: argparse.Namespace) -> list[str]:
    from hub_config.laptop.paths import remembered

    names: list[str] = arguments.students or remembered(_state(arguments)) or STUDENTS
    # A matriculation number is longer than a class is large.
    if len(names) == 1 and names[0].isdecimal() and len(names[0]) < SHORTEST_ID:
        raise CourseError(
            f"--students {names[0]} is a number, which goes with `course hub plan`; the laptop's "
            "hub takes names, such as --students ada,ben"
        )
    return names


def _count(students: str | list[str] | None) -> int:
    """Return how many students there are to be; before the action, the option makes a list."""
    given = students if isinstance(students, str) else ",".join(students or [])
    if not given.isdecimal() or int(given) < 1:
        found = f"--students is '{given}'" if given else "--students is missing"
        raise CourseError(f"a plan needs the number of students, and {found}; write --students 30")
    return int(given)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of names; write them like ada,ben"
        )
    return names
