"""Finds what a test cell does that cannot be done from another process than the student's; pure."""

from __future__ import annotations

import ast
from collections.abc import Callable

from autograder.domains.names_in_texts import looked_up
from autograder.verify.lint_context import Advice, Cell, Names, learn, starts_python

#: Methods that change a list, an array or a variable, of which the test has a copy.
CHANGING = {"append", "extend", "insert", "sort", "reverse", "fill", "setdefault"}
CHANGING |= {"assign", "assign_add", "assign_sub"}
#: Functions that change their first argument.
FILLING = {"fill_diagonal", "copyto", "put", "place", "putmask", "shuffle"}
#: Where IPython keeps source code and names.
READING = {"history_manager", "user_ns"}
#: Functions that run what a file says.
LOADING = {"load_model", "read_pickle", "unsafe_load", "spec_from_file_location"}
LOADING |= {"SourceFileLoader", "SourcelessFileLoader", "ExtensionFileLoader", "load_source"}
LOADING |= {"run_path", "run_module", "zipimporter", "addsitedir", "testfile"}
LOADING |= {"safe_execfile", "safe_execfile_ipy", "execfile"}
#: Functions that run text, and ones that read a file.
RUNNING, TYPING = {"exec", "eval", "compile"}, {"run_cell", "ex"}
OPENING = {"open", "read_text", "read_bytes"}
#: Functions and methods that write a file.
WRITING = {"save", "savez", "savetxt", "write_text", "write_bytes", "to_csv", "mkdir", "makedirs"}
#: What cannot be given to a student's function, by what makes it.
KEPT = {"open", "StringIO", "BytesIO", "SimpleNamespace", "from_tensor_slices", "batch"}
KEPT |= {"LambdaCallback", "EarlyStopping", "TensorBoard", "ModelCheckpoint"}


def look(name: str, tree: ast.Module, names: Names, hidden: frozenset[int]) -> list[Advice]:
    """Return what is to be changed in one test cell.

    Parameters
    ----------
    name
        Of the cell.
    tree
        What it says.
    names
        What is known before.
    hidden
        The lines, from 1, of its hidden tests.
    """
    cell = Cell(name, names, hidden, set(names.theirs), set(names.classes | names.functions))
    cell.understood = looked_up(tree).understood
    nodes = sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0))
    for node in nodes:
        learn(cell, node)
    for node in nodes:
        for rule in RULES:
            rule(cell, node)
    _written(cell, nodes)
    return cell.advice


def _called(node: ast.AST) -> str:
    """Return the last part of the name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    return getattr(called, "attr", "") or getattr(called, "id", "")


def _changed_in_place(cell: Cell, node: ast.AST) -> None:
    place: ast.AST | None = None
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
        targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
        place = next((one.value for one in targets if isinstance(one, ast.Subscript)), None)
    elif isinstance(node, ast.Call):
        name = _called(node)
        if name in CHANGING and isinstance(node.func, ast.Attribute):
            place = node.func.value
        elif name in FILLING and node.args:
            place = node.args[0]
        else:
            place = next((word.value for word in node.keywords if word.arg == "out"), None)
    while isinstance(place, ast.Subscript):
        place = place.value
    if isinstance(place, ast.Attribute) and (owner := cell.student(place)):
        shown = ast.unparse(place)
        cell.say(
            node,
            f"`{shown}` is changed in place, and the test has only a copy of it",
            f"Write `part = {shown}`, change `part`, and give it back: `{shown} = part`"
            if not shown.startswith(f"{owner}(")
            else "Keep the student's object under a name, change the copy, and set the attribute",
        )


def _source_read(cell: Cell, node: ast.AST) -> None:
    name = getattr(node, "attr", "") if isinstance(node, ast.Attribute) else _called(node)
    history = isinstance(node, ast.Name) and node.id in ("In", "_ih", "_i", "_ii")
    if (name in READING and node not in cell.understood) or history:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return  # its attribute is looked at by itself
        cell.say(
            node,
            "the student's source is read, which is not in the judge",
            "Test what the code does, on inputs where a forbidden way shows",
        )


def _compared(cell: Cell, node: ast.AST) -> None:
    instead = "Compare what it holds: numbers, texts, lists, arrays"
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for left, how, right in zip(sides, node.ops, sides[1:], strict=False):
            equal = not isinstance(how, ast.Is | ast.IsNot | ast.In | ast.NotIn)
            pairs = ((left, right), (right, left))
            if equal and any(cell.proxy(one) and _is_value(other) for one, other in pairs):
                cell.say(
                    node, "an object of the student's is compared with the test's value", instead
                )
            elif isinstance(how, ast.Is) and any(
                isinstance(one, ast.Attribute) and cell.student(one) and cell.root(other)
                for one, other in ((left, right), (right, left))
            ):
                cell.say(
                    node,
                    "an object in the student's process is never the one in the judge's",
                    "Compare names, as in `layer.activation.__name__ == 'relu'`",
                )


def _is_value(node: ast.AST) -> bool:
    """Tell whether an expression surely gives a value of the test's, and not None."""
    if isinstance(node, ast.Constant):
        return node.value is not None
    return isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Set)


def _namespace(cell: Cell, node: ast.AST) -> None:
    name, instead = _called(node), "Use the name itself, perhaps in `try: ... except NameError:`"
    if not isinstance(node, ast.Call) or node in cell.understood:
        return
    if name in ("globals", "locals", "dir", "vars") and not node.args:
        cell.say(node, f"`{name}()` gives the judge's names, not the student's", instead)
    elif name in ("eval", "exec") and isinstance(node.func, ast.Name) and not _run_text(node):
        cell.say(node, f"names in the text of `{name}` are not fetched from the student", instead)


def _loaded(cell: Cell, node: ast.AST) -> None:
    if not isinstance(node, ast.Call):
        return
    name, base = _called(node), getattr(node.func, "value", None)
    owner = base.id if isinstance(base, ast.Name) else ""
    pickled = name in ("load", "loads") and owner in ("pickle", "cloudpickle", "dill", "joblib")
    allowed = any(
        word.arg == "allow_pickle" and getattr(word.value, "value", None) is True
        for word in node.keywords
    )
    loads = not cell.student(node) and (name in LOADING or starts_python(node, name))
    if pickled or allowed or loads or _run_text(node):
        cell.say(
            node,
            f"`{ast.unparse(node.func)}` lets a file that a student may have written run code here",
            "Let a function of the student's load it, or import it in an ordinary cell, and ask "
            "that; arrays go by `np.load`",
        )


def _run_text(node: ast.AST) -> bool:
    """Tell whether the text of a file is run."""
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    runs = _called(node) in (RUNNING if plain else TYPING)
    return runs and any(_called(one) in OPENING for one in ast.walk(node))


def _taped(cell: Cell, node: ast.AST) -> None:
    if not isinstance(node, ast.With):
        return
    makers = {_called(item.context_expr) for item in node.items}
    called = [one for part in node.body for one in ast.walk(part) if isinstance(one, ast.Call)]
    if "GradientTape" in makers and any(cell.student(one) for one in called):
        cell.say(
            node,
            "the tape does not see what happens in the student's process: the gradient is None",
            "Let the student's function return the gradient, or compare a difference quotient",
        )


def _given(cell: Cell, node: ast.AST) -> None:
    if not isinstance(node, ast.Call) or not cell.student(node):
        return
    for one in [*node.args, *(word.value for word in node.keywords)]:
        maker = _called(one)
        if maker in KEPT or maker in cell.own_classes:
            cell.say(
                one,
                f"`{ast.unparse(one)}` cannot be given to the student's code",
                "Give it plain data, an array, a table, a function, or a model or layer of Keras",
            )


def _unexplained(cell: Cell, node: ast.AST) -> None:
    if getattr(node, "lineno", 0) not in cell.hidden:
        return
    if isinstance(node, ast.Assert) and node.msg is None:
        cell.say(
            node,
            "students read 'A hidden test failed.' and no more",
            "Write a message that says in their terms what is wrong, and gives nothing away",
        )
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        numpys = "testing" in ast.unparse(node.func) or ast.unparse(node.func.value) == "npt"
        told = any(word.arg == "err_msg" for word in node.keywords)
        named = node.func.attr.startswith("assert_") and node.func.attr != "assert_raises"
        if numpys and named and not told:
            cell.say(
                node,
                "students read 'A hidden test failed.' and no more",
                'Say what is wrong: `err_msg="..."`',
            )


def _written(cell: Cell, nodes: list[ast.AST]) -> None:
    """Find a file that is written before the student's code is called."""
    last = max(
        (one.lineno for one in nodes if isinstance(one, ast.Call) and cell.student(one)), default=0
    )
    for node in nodes:
        if not isinstance(node, ast.Call) or cell.student(node) or node.lineno >= last:
            continue
        name, mode = _called(node), [*node.args[1:2], *(w.value for w in node.keywords)]
        opened = isinstance(node.func, ast.Name) and name == "open"
        modes = [str(one.value) for one in mode if isinstance(one, ast.Constant)]
        if name in WRITING or (opened and any(set(m) & set("wax+") for m in modes)):
            cell.say(
                node,
                "the student's code cannot see a file that a test writes",
                "Write it in a locked cell, or put it beside the source notebook",
            )


Rule = Callable[[Cell, ast.AST], None]
RULES: tuple[Rule, ...] = (
    _changed_in_place,
    _source_read,
    _compared,
    _namespace,
    _loaded,
    _taped,
    _given,
    _unexplained,
)
