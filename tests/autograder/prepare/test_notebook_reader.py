"""What is taken from a notebook file that anybody may have written."""

import contextlib
import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.prepare.notebook_reader import (
    LARGEST_MB,
    MOST_CELLS,
    MOST_ENTRIES,
    MOST_ITEMS,
    UnfitError,
    parse,
)


def book(*cells, **changed):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changed}


def cell(source="x = 1", **changed):
    plain = {"cell_type": "code", "source": source, "metadata": {}, "id": "a", "outputs": []}
    return {**plain, "execution_count": None, **changed}


def read(plain):
    return parse(json.dumps(plain).encode())


def sources(notebook):
    return [one.source for one in notebook.cells]


def test_a_sound_notebook_is_read_as_nbformat_reads_it():
    plain = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("a = 1\nb = 2")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python"}},
    )
    assert parse(nbformat.writes(plain).encode()) == plain


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "its notebook is an empty file"),
        (b"\n \n", "its notebook is an empty file"),
        (b"hello", "not a notebook file (not valid JSON)"),
        (b"\x00\x01\x02\xff", "not a notebook file (not valid JSON)"),
        (b"\x80" * 9, "not a notebook file (not valid JSON)"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "not a notebook file (not valid JSON)"),
        (b"[1, 2]", "its notebook is JSON, but not a notebook"),
        (b"null", "its notebook is JSON, but not a notebook"),
        (b"{}", "its format is None, and those from 1 to 4 can be read"),
        (b"[" * 100_000, "its notebook is nested too deeply"),
        (b'{"metadata": ' * 100_000, "its notebook is nested too deeply"),
    ],
    ids=range(11),
)
def test_what_is_no_notebook_is_refused_in_one_sentence(content, said):
    with pytest.raises(UnfitError) as refusal:
        parse(content)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_nobody_reads_of_metadata_is_left_out_however_much_it_is():
    bomb = [[{}] * 100] * 100
    for _ in range(40):
        bomb = [bomb]
    many = {str(number): number for number in range(1000)}
    spec = {"name": "python3", "bomb": bomb}
    for version, inside in ((4, {}), (3, {"nbformat": 3, "nbformat_minor": 0})):
        sound = cell(
            metadata={"bomb": bomb, "nbgrader": {"grade_id": "a", "b": bomb}, "slideshow": many}
        )
        cells = {"cells": [sound]} if version == 4 else {"worksheets": [{"cells": [sound]}]}
        clean = read(book(**cells, metadata={"bomb": bomb, "kernelspec": spec}, **inside))
        assert clean.metadata["kernelspec"] == {"name": "python3"}
        assert "bomb" not in str(clean)
        assert clean.cells[0].metadata.nbgrader == {"grade_id": "a"}
        assert len(clean.cells[0].metadata.slideshow) == MOST_ENTRIES
    (text,) = read(book(cell(cell_type="markdown", attachments={"a": {"b": bomb}}))).cells
    assert text.attachments == {"a": {}}


def test_a_notebook_of_more_cells_than_anybody_writes_is_refused():
    with pytest.raises(UnfitError, match="has 20,001 cells, more than the 20,000 allowed"):
        read(book(*[{}] * (MOST_CELLS + 1)))


@pytest.mark.parametrize("version", [0, 5, -1, 10**9, "4", 4.0, True, None, [4]], ids=repr)
def test_a_format_that_is_not_known_is_refused(version):
    with pytest.raises(UnfitError, match="those from 1 to 4 can be read"):
        read(book(cell(), nbformat=version))


@pytest.mark.parametrize("cells", [5, None, {}, "x"], ids=repr)
def test_cells_that_are_no_list_are_refused(cells):
    with pytest.raises(UnfitError, match="no list of cells"):
        read(book(cells=cells))


@pytest.mark.parametrize("bad", [5, None, [], "x"], ids=repr)
def test_a_cell_that_is_none_is_refused(bad):
    with pytest.raises(UnfitError, match="cell 2 of its notebook is not a cell"):
        read(book(cell(), bad))


def test_a_file_too_large_is_not_parsed():
    with pytest.raises(UnfitError, match="its notebook takes 50 MB, more than the 50 MB allowed"):
        parse(b" " * ((LARGEST_MB << 20) + 1))


def test_a_file_of_too_many_items_is_not_parsed():
    """They would take a gigabyte."""
    with pytest.raises(UnfitError, match="its notebook holds more than 5,000,000 items"):
        parse(b"[" + b"[]," * (MOST_ITEMS // 2) + b"[]]")


def test_an_old_notebook_is_brought_up_to_date():
    v3, v2 = nbformat.v3, nbformat.v2
    cells = [v3.new_code_cell(input="x = 1"), v3.new_text_cell("markdown", source="# A")]
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=cells)])
    older = v2.new_notebook(worksheets=[v2.new_worksheet(cells=[v2.new_code_cell(input="x = 1")])])
    assert sources(read(old)) == ["x = 1", "# A"]
    assert sources(read(older)) == ["x = 1"]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("inside", [{"worksheets": 5}, {"worksheets": [{"cells": [7]}]}], ids=str)
def test_what_only_claims_to_be_old_is_refused(version, inside):
    with pytest.raises(UnfitError, match=f"says that it is of the old format {version}, and is"):
        read({"nbformat": version, "metadata": {}, **inside})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_read(encoding):
    text = json.dumps(book(cell("s = 'Zoë'")), ensure_ascii=False)
    assert sources(parse(text.encode(encoding))) == ["s = 'Zoë'"]


@pytest.mark.parametrize("source", [None, 5, {}, [1, 2]], ids=repr)
def test_a_source_that_is_no_text_is_empty(source):
    assert sources(read(book(cell(source)))) == [""]


def test_a_cell_may_lack_everything():
    assert sources(read(book({}))) == [""]
    nbformat.validate(read(book({})))


def test_half_a_character_is_replaced():
    (source,) = sources(parse(json.dumps(book(cell("x = '\ud800'"))).encode()))
    assert source == "x = '\ufffd'"
    (whole,) = sources(parse(json.dumps(book(cell("x = '\U0001f600'"))).encode()))
    assert whole == "x = '\U0001f600'"


def test_outputs_and_what_the_grader_says_are_left_out():
    output = nbformat.v4.new_output("stream", text="passed")
    clean = read(book(cell(outputs=[output], execution_count=3), metadata={"autograder": {"x": 1}}))
    assert clean.cells[0].outputs == []
    assert clean.cells[0].execution_count is None
    assert clean.metadata == {}


def test_numbers_that_json_does_not_have_are_left_out():
    text = json.dumps(book(cell(metadata={"jupyter": {"mine": float("nan")}})))
    assert "NaN" in text
    assert parse(text.encode()).cells[0].metadata == {"jupyter": {"mine": None}}


def test_ids_are_unique_and_the_same_each_time():
    cells = [cell(id=own) for own in ("a", "a", "not allowed!", 7, None, "cell-3", "x" * 65)]
    first, second = read(book(*cells)), read(book(*cells))
    ids = [one.id for one in first.cells]
    assert len(set(ids)) == len(cells)
    assert ids[0] == "a"
    assert first == second
    nbformat.validate(first)


def test_ids_that_foresee_each_other_keep_nobody_waiting():
    long = "x" * 32
    claimed = [long, f"{long}-4", f"{long}-4-0", long, f"{long}-5-0", long]
    ids = [one.id for one in read(book(*(cell(id=own) for own in claimed))).cells]
    assert len(set(ids)) == len(claimed)
    assert ids[:3] == claimed[:3]


@pytest.mark.parametrize(
    "metadata",
    [
        5,
        [],
        {"execution": {"timeout": 0}},
        {"tags": "x"},
        {"tags": [1]},
        {"collapsed": "yes", "scrolled": 3, "name": [], "jupyter": 5, "format": 1},
    ],
    ids=str,
)
def test_metadata_of_a_wrong_type_are_left_out(metadata):
    clean = read(book(cell(metadata=metadata)))
    assert clean.cells[0].metadata == {}
    nbformat.validate(clean)


@pytest.mark.parametrize(
    "metadata", [5, {"kernelspec": []}, {"language_info": 5}, {"title": 5, "widgets": []}], ids=str
)
def test_a_notebook_s_metadata_of_a_wrong_type_are_left_out(metadata):
    assert read(book(metadata=metadata)).metadata == {}


def test_pictures_stay_with_text():
    image = {"a.png": {"image/png": "AAAA"}}
    clean = read(
        book(
            cell(cell_type="markdown", attachments=image),
            cell(cell_type="markdown", attachments={"a": 5}, id="b"),
            cell(attachments=image, id="c"),
        )
    )
    assert [one.get("attachments") for one in clean.cells] == [image, None, None]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
keys = st.sampled_from(["cell_type", "source", "metadata", "id", "outputs", "attachments"])
kinds = st.sampled_from(["code", "markdown", "raw", "heading"])


@given(
    st.lists(st.dictionaries(keys, json_values | kinds, max_size=6) | json_values, max_size=4),
    json_values,
)
def test_whatever_is_in_a_notebook_it_is_sound_afterwards_or_refused(cells, metadata):
    content = json.dumps(book(*cells, metadata=metadata)).encode()
    try:
        clean = parse(content)
    except UnfitError:
        return
    assert parse(content) == clean
    for one in clean.cells:
        assert one.cell_type in ("code", "markdown", "raw")
        one.source.encode()
        assert isinstance(one.metadata, dict)
    assert len({one.id for one in clean.cells}) == len(clean.cells)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(UnfitError):
        parse(content)
