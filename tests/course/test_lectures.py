"""Every lecture runs from top to bottom in a real kernel, and its figures can be read."""

import ast
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LECTURES = sorted((Path(__file__).parents[2] / "course" / "lectures").glob("*.md"))

# Runs in the lecture's kernel before its first cell. It looks at the figures themselves: a search
# of the source for "xlabel" would miss axes that a helper labels and find those of a comment.
WATCH_FIGURES = """
import matplotlib.pyplot as _plt
_show, _seen = _plt.show, []

def _is_bare(axis):
    sides = {"labelleft", "labelright", "labelbottom", "labeltop"}
    ticks = axis.get_tick_params()
    numbered = any(ticks.get(side) for side in sides) or not sides & set(ticks)
    return axis.get_visible() and numbered and not axis.get_label_text()

def _checked_show(*args, **kwargs):
    for number in _plt.get_fignums():
        _seen.append(number)
        for axes in _plt.figure(number).axes:
            if axes.axison and axes.get_label() != "<colorbar>":
                bare = [axis.axis_name for axis in axes._axis_map.values() if _is_bare(axis)]
                assert not bare, f"figure {len(_seen)}, '{axes.get_title()}': no label on {bare}"
        titles = [axes.get_title() for axes in _plt.figure(number).axes]
        assert any(titles) or _plt.figure(number).get_suptitle(), f"figure {len(_seen)}: no title"
    _show(*args, **kwargs)

_plt.show = _checked_show
"""


@pytest.fixture(params=LECTURES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return jupytext.read(path).cells


def code_of(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


def test_there_are_lectures():
    assert LECTURES


def test_header_names_the_format_and_the_kernel(path):
    metadata = jupytext.read(path).metadata
    assert metadata["kernelspec"]["name"] == "python3"
    assert metadata["jupytext"]["text_representation"]["format_name"] == "myst"


def test_begins_with_its_title_and_ends_with_its_sources(path, cells):
    assert cells[0].source.startswith("# ")
    assert cells[-1].cell_type == "markdown"
    assert "## References" in cells[-1].source
    assert path.read_text(encoding="utf-8").endswith("\n")


def test_code_is_plain_python_that_uses_the_library_and_checks_its_claims(cells):
    trees = [ast.parse(code) for code in code_of(cells)]  # magics and shell lines do not parse
    nodes = [node for tree in trees for node in ast.walk(tree)]
    assert any(isinstance(n, ast.ImportFrom) and n.module.split(".")[0] == "course" for n in nodes)
    assert any(isinstance(n, ast.Assert) for n in nodes)


def test_no_code_fell_out_of_its_cell(cells):
    for cell in cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^```.*?^```$", "", cell.source, flags=re.S | re.M)
            assert not re.findall(r"^\s*(?:assert\b.*|\w+\(.*\)|```)$", prose, flags=re.M)


def test_randomness_is_seeded(cells):
    code = "\n".join(code_of(cells))
    assert not re.findall(r"default_rng\(\s*\)|np\.random\.(?!default_rng|Generator)\w+", code)


def execute(cells, folder):
    """Run the cells between the figure watch and its count; return the outputs."""
    first, last = (nbformat.v4.new_code_cell(code) for code in (WATCH_FIGURES, "len(_seen)"))
    notebook = nbformat.v4.new_notebook(cells=[first, *cells, last])
    resources = {"metadata": {"path": str(folder)}}
    # As a student's on the hub: forked from a process that has imported TensorFlow.
    NotebookClient(notebook, kernel_name="python3-warm", timeout=300, resources=resources).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.fixture
def one_thread(monkeypatch):
    """Where other work is under way, threads of one matrix product wait for each other."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "warm_kernels")
def test_runs_and_shows_labelled_figures_without_warnings(cells, tmp_path):
    # A scratch directory: a lecture reads nothing but the library and leaves nothing behind.
    outputs = execute(cells, tmp_path)
    assert list(tmp_path.iterdir()) == []
    images = sum("image/png" in output.get("data", {}) for output in outputs)
    assert images == int(outputs[-1].data["text/plain"]), "a figure was shown without plt.show()"
    errors = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not [text for text in errors if "Warning:" in text]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread", "warm_kernels")
@pytest.mark.parametrize(
    ("last_line", "complaint"),
    [("ax.set_title('t')", "no label on"), ("ax.set(xlabel='x', ylabel='y')", "no title")],
)
def test_the_figure_watch_sees_a_bare_figure(last_line, complaint, tmp_path):
    code = f"import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n{last_line}\nplt.show()"
    with pytest.raises(CellExecutionError, match=complaint):
        execute([nbformat.v4.new_code_cell(code)], tmp_path)
