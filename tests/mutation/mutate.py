"""Makes mutants of a piece of code: copies that differ from it in one small way."""

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

#: What stands there for people alone.
FOR_PEOPLE = (cst.Annotation, cst.Raise, cst.Assert)


@dataclass(frozen=True)
class Mutation:
    """One change to a solution cell.

    Attributes
    ----------
    cell : str
        The grade_id of the cell.
    before, after : str
        The lines that differ, without indentation.
    source : str
        The whole cell with the change in it.
    """

    cell: str
    before: str
    after: str
    source: str


def mutations(cell: str, source: str) -> list[Mutation]:
    """Return every mutant of ``source`` that mutmut's operators make, each once.

    Docstrings, annotations and messages of exceptions are left alone.
    """
    module = cst.parse_module(source)
    found: dict[str, Mutation] = {}
    seen = {ast.dump(ast.parse(source))}
    for node in _nodes(module):
        for changed in _changed(node):
            mutated = module.deep_replace(node, changed).code
            try:
                meaning = ast.dump(ast.parse(mutated))
            except SyntaxError:
                continue  # such as a call whose keyword lost its value
            if meaning in seen:
                continue
            seen.add(meaning)
            found[mutated] = Mutation(cell, *_difference(source, mutated), mutated)
    return list(found.values())


def _nodes(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    yield node
    for child in node.children:
        if not isinstance(child, FOR_PEOPLE):
            yield from _nodes(child)


def _changed(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


def _difference(old: str, new: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(old.splitlines(), new.splitlines()))
    sides = ("\n".join(line[2:].strip() for line in lines if line[0] == side) for side in "-+")
    return next(sides), next(sides)
