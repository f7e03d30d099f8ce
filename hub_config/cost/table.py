"""Shows a plan: a table of nodes, a table of disks, and sentences to check by hand."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from hub_config.cost.bill import DAYS_PER_MONTH, Plan, Row
from hub_config.cost.plan import IDLE_HOURS

NOT_INCLUDED = (
    "Not included: the cluster's own fee, load balancer, traffic, registry, logs, taxes; work "
    "outside lessons; starting a node, which is billed but not used for some minutes; storage "
    "after the course, until you delete it."
)
EXAMPLES = "All prices are the examples in profiles.toml: put in what your cloud charges."


def nodes(plan: Plan) -> Table:
    """Return the table of what runs, and for how long."""
    people = f"{plan.students} students"
    if plan.instructors:
        people += f" and {plan.instructors} instructor{'s' * (plan.instructors > 1)}"
    title = f"{plan.name}: {people}, {plan.days} days"
    table = Table(title=title, title_justify="left")
    for heading in ("What for", "Servers", "Nodes"):
        table.add_column(heading)
    for heading in ("GPUs", f"{plan.currency}/hour", "Hours", plan.currency):
        table.add_column(heading, justify="right")
    for section in (plan.classes, plan.always, plan.grading):
        for row in section:
            table.add_row(*_cells(row))
        table.add_section()
    return table


def offered(plan: Plan) -> Table:
    """Return the table of what the machines cost that no lecture asks for, if people take them."""
    title = "One hour of each machine, if all who may use it did at once (not in the sums)"
    table = Table(title=title, title_justify="left")
    for heading in ("Machine", "Servers", "Nodes"):
        table.add_column(heading)
    for heading in ("GPUs", f"{plan.currency}/hour", "on the start page"):
        table.add_column(heading, justify="right")
    for row in plan.offered:
        if row.profile:
            price = f"{row.servers * row.profile.price_per_hour:.2f}"
            table.add_row(*_cells(row)[:5], price)
    return table


def disks(plan: Plan) -> Table:
    """Return the table of what is stored."""
    table = Table(title="Storage", title_justify="left")
    table.add_column("What")
    for heading in ("GiB", f"{plan.currency}/GiB", f"{plan.currency}/month"):
        table.add_column(heading, justify="right")
    for disk in plan.disks:
        table.add_row(disk.what, f"{disk.gib:g}", f"{disk.price:.2f}", f"{disk.per_month:.2f}")
    return table


def sentences(plan: Plan) -> Iterator[str]:
    """Yield what the tables add up to, and what is not in them."""
    money = plan.currency
    yield f"One hour costs at most {plan.per_hour:.2f} {money}: the dearest lesson, and the hub."
    yield (
        f"The {plan.days} days cost {plan.total:.2f} {money}, {plan.total / plan.students:.2f} per "
        f"student: {plan.nodes:.2f} for nodes, {plan.stored:.2f} for {plan.days} of "
        f"{DAYS_PER_MONTH} days of storage."
    )
    lessons = sum(row.cost for row in plan.classes)
    yield (
        f"By the prices on the start page the lessons are {plan.shown:.2f} {money}; their nodes "
        f"are billed at {lessons:.2f}, whole nodes and all."
    )
    yield (
        f"The last machine of a day is counted {IDLE_HOURS:g} hour longer, until idle servers are "
        "stopped."
    )
    yield from plan.notes
    yield NOT_INCLUDED
    yield EXAMPLES


def _cells(row: Row) -> tuple[str, ...]:
    servers = room = ""
    if row.profile:
        servers = f"{row.servers} × {row.profile.name}"
        room = f", {row.pool.room(row.profile)} on each" if row.servers > 1 else ""
    return (
        row.what,
        servers,
        f"{row.nodes} × {row.pool.name} at {row.pool.price_per_hour:.2f}{room}",
        str(row.accelerators or "–"),
        f"{row.per_hour:.2f}",
        f"{row.hours:.4g}",
        f"{row.cost:.2f}",
    )
