"""What a check finds: where, what stands there, and what to write instead. The words come last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

#: A step of a path: a key, or the number of an item.
Step = str | int
#: The last step to a name that stands there, and not to what stands under it.
KEY = "{key}"
SHOWN = 100  # characters of a value; a file of certificates would fill the terminal


@dataclass(frozen=True)
class Finding:
    """One thing that Kubernetes, the chart or KubeSpawner would refuse.

    Attributes
    ----------
    path : tuple of str or int
        Where it stands, from the top of what was checked.
    found : any
        What stands there.
    rule : str
        The name of the rule that it breaks.
    do : str
        What to do, as the end of a sentence.
    within : str
        What was checked, if it is not the target's values.
    says : str
        What is said of the place, if not what stands there.
    """

    path: tuple[Step, ...]
    found: Any
    rule: str
    do: str
    within: str = ""
    says: str = ""

    @property
    def fault(self) -> tuple[str, ...]:
        """What two findings have in common that one mistake has caused."""
        if isinstance(self.found, str) and self.found:  # a text is found again as it was written
            return (self.found,)
        return self.rule, repr((*self.path[-1:], self.found))

    @property
    def where(self) -> str:
        """The path, as an operator writes it."""
        text = ""
        for step in self.path[:-1] if self.path[-1:] == (KEY,) else self.path:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return ": ".join(filter(None, (self.within, text)))

    def below(self, *path: Step, within: str = "") -> Finding:
        """Return the same finding as it is seen from further up."""
        return replace(self, path=(*path, *self.path), within=within or self.within)

    def __str__(self) -> str:
        is_ = "has the name" if self.path[-1:] == (KEY,) else "is"
        return f"{self.where} {self.says or f'{is_} {shown(self.found)}'}; {self.do}"


def shown(value: Any) -> str:
    """Return a value as YAML has it, on one line and not too long."""
    text = str(value).lower() if isinstance(value, bool) or value is None else repr(value)
    text = "null" if value is None else text
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def new(found: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """Return findings without those whose fault has been named nearer to its cause."""
    named = {one.fault for one in before}
    return [one for one in found if one.fault not in named]
