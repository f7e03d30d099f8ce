"""What a cloud bills for a course: nodes for some hours, disks, and their sums, to the cent."""

from __future__ import annotations

from dataclasses import dataclass

from hub_config.machines.node_pools import Pool
from hub_config.machines.profiles import Profile

DAYS_PER_MONTH = 30


@dataclass(frozen=True)
class Row:
    """Nodes that run for some hours.

    Attributes
    ----------
    what : str
        What for.
    profile : Profile or None
        The machine of each server; None for the hub's own pods.
    servers : int
        How many run at the same time.
    pool : Pool
        The nodes.
    nodes : int
        How many.
    hours : float
        For how long.
    """

    what: str
    profile: Profile | None
    servers: int
    pool: Pool
    nodes: int
    hours: float

    @property
    def accelerators(self) -> int:
        """What the nodes have of what the servers ask for."""
        wanted = self.profile.accelerator if self.profile else None
        return self.nodes * self.pool.accelerators[wanted.resource] if wanted else 0

    @property
    def per_hour(self) -> float:
        """Price of the nodes, for one hour."""
        return self.nodes * self.pool.price_per_hour

    @property
    def cost(self) -> float:
        """Price of the nodes, for all hours."""
        return round(self.per_hour * self.hours, 2)


@dataclass(frozen=True)
class Disks:
    """Storage of one kind."""

    what: str
    gib: float
    price: float

    @property
    def per_month(self) -> float:
        """Price of all of it."""
        return round(self.gib * self.price, 2)


@dataclass(frozen=True)
class Plan:
    """What a target costs.

    Attributes
    ----------
    name : str
        Of the target.
    students, instructors : int
        Who has a server.
    days : int
        Of the course.
    currency : str
        Of all prices.
    classes, always, grading : tuple of Row
        Nodes for lessons, for the hub and its warm seats, and for grading.
    offered : tuple of Row
        Each machine for one hour, if all who may use it did; not in the sums.
    disks : tuple of Disks
        What is stored.
    notes : tuple of str
        What to know about this plan.
    """

    name: str
    students: int
    instructors: int
    days: int
    currency: str
    classes: tuple[Row, ...]
    always: tuple[Row, ...]
    grading: tuple[Row, ...]
    offered: tuple[Row, ...]
    disks: tuple[Disks, ...]
    notes: tuple[str, ...]

    @property
    def per_hour(self) -> float:
        """The most that one hour costs: the dearest lesson, and the hub."""
        core = sum(row.per_hour for row in self.always if row.profile is None)
        return core + max((row.per_hour for row in self.classes), default=0.0)

    @property
    def disks_per_month(self) -> float:
        """What storage costs until it is deleted."""
        return sum(disk.per_month for disk in self.disks)

    @property
    def nodes(self) -> float:
        """What all nodes cost."""
        return sum(row.cost for row in (*self.classes, *self.always, *self.grading))

    @property
    def stored(self) -> float:
        """What storage costs for the days of the course."""
        return round(self.disks_per_month * self.days / DAYS_PER_MONTH, 2)

    @property
    def total(self) -> float:
        """What the days of the course cost."""
        return self.nodes + self.stored

    @property
    def shown(self) -> float:
        """What the prices on the start page add up to, for the lessons of all servers."""
        return sum(
            row.servers * row.hours * row.profile.price_per_hour
            for row in self.classes
            if row.profile
        )
