"""Whatever a notebook holds, its page does nothing but show it."""

import copy
from pathlib import Path

import nbformat
import nbgrader.server_extensions.formgrader as formgrader
import pytest
from bs4 import BeautifulSoup
from jinja2 import DictLoader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from autograder import plugin
from autograder.record.pages import LARGEST, CleanPage

TEMPLATES = Path(formgrader.__file__).parent / "templates"
#: Ends an attribute without quotation marks, one with either kind, and a tag.
ATTACK = "1 onerror=evil() \"'><img src=/evil onerror=evil()><script>evil()</script>"
PIXEL = "iVBORw0KGgo="
MARK = {"grade": True, "solution": True, "locked": False, "task": False, "schema_version": 3}


def shown(kind, data, **metadata):
    more = {"execution_count": 1} if kind == "execute_result" else {}
    return v4.new_output(kind, data, metadata=metadata, **more)


def everything():
    """Return a notebook in which every field that a template reads has a value."""
    size = {"width": 3, "height": 4, "alt": "a", "unconfined": True}
    outputs = [
        shown("display_data", {"image/png": PIXEL}, filenames={"image/png": "x.png"}),
        shown("execute_result", {"image/png": PIXEL}, **{"image/png": size}),
        shown("display_data", {"image/jpeg": PIXEL}, **size, filenames={"image/jpeg": "x.jpg"}),
        shown("display_data", {"image/svg+xml": "<svg/>"}, filenames={"image/svg+xml": "x.svg"}),
        shown("display_data", {"text/html": "<b>x</b>"}, **{"text/html": {"isolated": True}}),
        shown("display_data", {"text/markdown": "*x*"}),
        shown("display_data", {"text/latex": "$x$"}),
        shown("display_data", {"text/vnd.mermaid": "graph"}),
        shown("display_data", {"application/javascript": "1", "text/plain": "x"}),
        shown("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}),
        shown("display_data", {"application/pdf": "x", "application/json": {"a": 1}}),
        v4.new_output("stream", name="stderr", text="\x1b[31mx\x1b[0m"),
        v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[1mline\x1b[0m"]),
    ]
    cell = {"tags": ["t"], "alt": "a", "magics_language": "python", "collapsed": True}
    pasted = {"x.png": {"image/png": PIXEL}}
    task = {**cell, "nbgrader": {**MARK, "grade_id": "q", "points": 1, "comment": "c"}}
    cells = [
        *(
            v4.new_code_cell("x = 1", execution_count=1, outputs=[one], metadata=task)
            for one in outputs
        ),
        v4.new_markdown_cell(
            "![x](attachment:x.png)\n\n[x](page.html)\n\n```python\nx\n```\n\n$x$",
            attachments=pasted,
            metadata={**cell, "nbgrader": {**MARK, "grade_id": "w", "points": 1}},
        ),
        v4.new_raw_cell("<b>x</b>", metadata={"raw_mimetype": "text/html", "format": "text/html"}),
    ]
    info = {"name": "python", "pygments_lexer": "ipython3", "file_extension": ".py"}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"m": {"model_name": "x"}}}}
    kernel = {"name": "python3", "display_name": "Python 3"}
    about = {"language_info": info, "title": "t", "widgets": widgets, "kernelspec": kernel}
    return v4.new_notebook(cells=cells, metadata=about)


def leaves(tree, path=()):
    """Yield the place of every value that is no container, and of every key."""
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        if isinstance(key, str):
            yield (*path, key), True
        if isinstance(tree[key], dict | list) and tree[key]:
            yield from leaves(tree[key], (*path, key))
        else:
            yield (*path, key), False


def changed(notebook, path, is_key, attack=ATTACK):
    notebook = copy.deepcopy(notebook)
    *way, last = path
    holder = notebook
    for key in way:
        holder = holder[key]
    if is_key:
        holder[attack] = holder.pop(last)
    else:
        holder[last] = attack
    return notebook


def scored(notebook, resources):
    """Do what nbgrader's step does that asks the gradebook, after the cleaning."""
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(score=0.5, comment="*good*")
    return notebook, resources


def exporter(template):
    config = Config()
    plugin.configure(config)
    config.HTMLExporter.template_name = template
    config.HTMLExporter.optimistic_validation = True  # once, not after each of fourteen steps
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    style = DictLoader({"bootstrap.min.css": ""})  # the real one is long to read
    made = HTMLExporter(config=config, extra_loaders=[style])
    made.register_preprocessor(scored)
    return made


def page(made, notebook):
    about = {"score": 0, "max_score": 1, "late_penalty": 0, "notebook": "p1"}
    resources = {"nbgrader": about, "index": 0, "total": 1, "base_url": "", "submission_id": "s"}
    return made.from_notebook_node(notebook, resources)[0]


def acts(html):
    """List what in a page runs a script or asks the server for something, and is not nbgrader's."""
    soup = BeautifulSoup(html, "html.parser")
    for gone in (soup.find("head"), soup.find("nav"), soup.select_one("body > script")):
        if gone:
            gone.decompose()
    found = [tag.name for tag in soup.find_all(["script", "iframe", "object", "embed", "base"])]
    for tag in soup.find_all(True):
        found += [name for name in tag.attrs if name.startswith("on")]
        found += [f"{name}={tag[name]}" for name in ("src", "href") if asks(tag.get(name, "#"))]
    return found


def asks(address):
    return not address.startswith(("data:image/", "#", "page.html"))


def valid(notebook):
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError:  # nbconvert would make no page of it
        return False
    return True


@pytest.fixture(scope="module")
def mutants():
    """Attack each text and key of a notebook in turn, as far as nbformat takes it.

    All cells that are attacked stand in one notebook, because a page takes long.
    """
    whole, attacked = everything(), everything()
    attacked.cells = []
    for cell in whole.cells:
        single = NotebookNode({**whole, "cells": [cell], "metadata": NotebookNode()})
        for path, is_key in leaves(cell):
            mutant = changed(single, ("cells", 0, *path), is_key)
            if valid(mutant):
                if "id" not in path:
                    mutant.cells[0].id = f"cell-{len(attacked.cells)}"
                attacked.cells += mutant.cells
    assert len(attacked.cells) > 100
    single = NotebookNode({**whole, "cells": whole.cells[:1]})
    paths = [(("metadata", *path), is_key) for path, is_key in leaves(whole.metadata)]
    about = [changed(single, *path) for path in paths]
    return [attacked, *filter(valid, about)]


@pytest.mark.filterwarnings("ignore:No lexer found")
@pytest.mark.parametrize("template", ["formgrade", "feedback"])
def test_nothing_that_a_notebook_holds_leaves_its_place_on_the_page(template, mutants):
    made = exporter(template)
    for notebook in (everything(), *mutants):
        assert acts(page(made, notebook)) == []


def cleaned(notebook):
    made, _ = CleanPage().preprocess(notebook, {})
    nbformat.validate(made)
    return made


def output(metadata, data=None):
    raw = v4.new_output("display_data", data or {"image/png": PIXEL}, metadata=metadata)
    (cell,) = cleaned(v4.new_notebook(cells=[v4.new_code_cell("", outputs=[raw])])).cells
    return cell.outputs[0]


@pytest.mark.parametrize(
    "value",
    ["3", "1 onerror=x", -1, 0, 3.5, True, None, [3], {"a": 3}, LARGEST + 1, 10**400, float("nan")],
)
def test_the_size_of_a_picture_is_a_whole_number_that_fits_a_page_or_unknown(value):
    for metadata in ({"width": value, "height": 4}, {"image/png": {"width": value, "height": 4}}):
        known = output(metadata).metadata
        assert known in ({"height": 4}, {"image/png": {"height": 4}})


def test_sizes_stay_and_nothing_else_does():
    size = {"width": 300, "height": LARGEST}
    known = output({**size, "image/png": {**size, "alt": "x", "filenames": {"image/png": "/hub"}}})
    assert known.metadata == {**size, "image/png": size}
    assert output({"filenames": {"image/png": "/hub/logout"}}).metadata == {}


def test_a_script_is_shown_as_the_text_that_came_with_it():
    data = {"application/javascript": "evil()", "text/vnd.mermaid": "x", "text/plain": "a plot"}
    assert output({}, data).data == {"text/plain": "a plot"}


def test_a_picture_is_base64():
    data = {"image/png": "x\" onerror='evil()'", "text/plain": "a plot"}
    assert output({}, data).data == {"text/plain": "a plot"}


def test_what_an_ordinary_notebook_shows_stays():
    notebook = everything()
    made = cleaned(copy.deepcopy(notebook))
    assert [cell.source for cell in made.cells] == [cell.source for cell in notebook.cells]
    assert made.cells[0].metadata.nbgrader.grade_id == "q"
    assert made.cells[-2].attachments == notebook.cells[-2].attachments
    before, after = (
        [one for cell in book.cells for one in cell.get("outputs", [])] for book in (notebook, made)
    )
    scripts = 3  # and what else shows nothing without running something, and came without a text
    assert len(after) == len(before) - scripts
    assert after[-2:] == before[-2:]
    html = page(exporter("formgrade"), notebook)
    for part in (f"data:image/png;base64,{PIXEL}", 'width="3"', "<b>x</b>", "<em>x</em>"):
        assert part in html


def test_a_cell_of_a_kind_that_no_template_knows_is_left_out():
    notebook = v4.new_notebook(cells=[v4.new_raw_cell("x")])
    notebook.cells[0].update(cell_type="x", type=ATTACK)
    assert cleaned(notebook).cells == []


def test_the_record_of_grading_stays_for_the_step_that_reads_it():
    record = {"cells": [{"grade_id": "q", "message": "m"}]}
    assert cleaned(v4.new_notebook(metadata={"autograder": record})).metadata.autograder == record


@pytest.mark.parametrize("text", [r"\begin{a}" * 20_000, "[" * 20_000, "```x`" * 20_000], ids=len)
@pytest.mark.parametrize("place", ["cell", "output"])
def test_a_text_that_would_hold_up_a_page_is_shown_as_it_was_written(text, place):
    honest = "# Mean\n\nA *mean* is $\\sum_i x_i / n$."
    if place == "cell":
        hostile = v4.new_markdown_cell(text)
    else:
        output = shown("display_data", {"text/markdown": text})
        hostile = v4.new_code_cell("1", outputs=[output])
    book = v4.new_notebook(cells=[v4.new_markdown_cell(honest), hostile])
    config = Config()
    plugin.clean_pages(config)
    page, _ = HTMLExporter(config=config).from_notebook_node(book)
    told = BeautifulSoup(page, "html.parser").get_text()
    assert "it stands here as it was written" in told
    assert text[:100] in told
    assert "<em>mean</em>" in page
