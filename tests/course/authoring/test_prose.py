import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.authoring.notebooks import build
from course.authoring.prose import check_prose
from course.authoring.text import AuthoringError, Cell

CURRENCY = "write a currency in letters, as in '165 USD'"
DISPLAYED = "put the $$ of a formula on lines of their own"
HEADING = "# A heading\n\n"


def check(source):
    check_prose([Cell(1, 11, new_markdown_cell(source))], "text.md")


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (r"A foot costs 165 \$, and its error is 35 thousand \$.", 0, CURRENCY),
        (r"From 5 \$ it climbs, and at $x=0$ it does not.", 0, CURRENCY),
        ("It costs 165 $.", 0, CURRENCY),
        ("It costs 165 $ and 35 $ more.", 0, "'$ and 35 $' is read as a formula, with space"),
        ("It costs $5-$6.", 0, "'$5-$' is read as a formula, with a digit beside a dollar sign"),
        ("It costs 5$/10$.", 0, CURRENCY),
        ("165 &#36; and 35 &dollar;", 0, CURRENCY),
        (r"165 \\$ and 35 \\$", 0, CURRENCY),
        ("Twice.\n\n| price |\n| --- |\n| $5 |\n| $6 |", 4, CURRENCY),
        (r"An open formula: $\frac{1}{2}.", 0, "or close the formula"),
        ("A\nformula: $$x$$ in\na line", 1, DISPLAYED),
        ("Text\n$$\nx_1\n$$\nmore", 1, DISPLAYED),
        ("$$\nx\n\ny\n$$", 0, DISPLAYED),
        ("$$\nx\n$$ (label)", 0, DISPLAYED),
        ("$x$$y$", 0, "a dollar sign outside code and formulas"),
        ("$a_{1$ and $c}$", 0, "keep braces within one formula"),
        ("First.\n\n| $|x|$ |\n| --- |\n| $y$ |", 2, r"in a table write \mid, \lvert or \lVert"),
        ("| a |\n| --- |\n| $\\|x\\|$ |", 2, r"\lVert for | in a formula"),
        ("| a |\n| --- |\n| `x\\|y` |", 2, "and no | in code"),
        (r"\(x\) and \[y\]", 0, r"'\(x\)' loses its backslashes; write dollars"),
        (r"\\(x\\)", 0, r"'\(' is outside code and formulas; write dollars"),
        (r"Half is \frac{1}{2}.", 0, r"'\frac' is outside code and formulas"),
        (r"\begin{aligned}x\end{aligned}", 0, r"'\begin' is outside code and formulas"),
        ("Between @@0@@ and $x$", 0, "a form that JupyterLab keeps for itself"),
        ("At a<b and c>d", 0, "'<b and c>' is read as HTML"),
        ("One<br>two", 0, "'<br>' is read as HTML"),
        ("<!-- to do -->", 0, "'<!-- to do -->' is read as HTML"),
        ("See {doc}`day1_losses`.", 0, "a role works on the website only"),
        ("Text.\n\n```{note}\nText.\n```", 2, "a directive works on the website only"),
        ("Text.\n\n:::{note}\nText.\n:::", 2, "a directive works on the website only"),
        ("Text.\n\n(there)=\n\nText.", 2, "'(there)=' is not shown on the website"),
        ("Text.\n\n% of all.", 2, "'% of all.' is not shown on the website"),
        ("Text.\n\n+++\n\nText.", 2, "'+++' is not shown on the website"),
        ("Term\n: Definition", 1, "a definition list works in some places only"),
        ("Text[^1].\n\n[^1]: More.", 0, "a footnote works on the website only"),
        ("- [ ] to do", 0, "a list of tasks works in some places only"),
        ("About ~5~ percent", 0, r"some places strike out between tildes; write 'about', or '\~'"),
        ("~~Gone~~", 0, "some places strike out between tildes"),
        ("#1 of all", 0, "put a space after the # of a heading, or a backslash"),
        ("At https://example.org/_a_b_", 0, "put the address into angle brackets"),
    ],
)
def test_what_some_place_garbles_is_named_with_its_line_and_a_remedy(source, line, message):
    with pytest.raises(AuthoringError) as caught:
        check(source)
    assert str(caught.value).startswith(f"text.md:{11 + line}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "A foot costs 165 USD.",
        "Code: `165 $`, `35 $`, `$HOME` and\n\n```\n$ echo $HOME\n```",
        "Formulas: $x_1*y_1*z$, $a<b$ & $c>d$, ($2x$), *so $z_2$*, $\\$5$ and $\\{x\\}$.",
        "$$\n\\begin{aligned}a &= b\\\\\nc &< d\n\\end{aligned}\n$$",
        "\\begin{align}a &= b\\end{align}",
        "* First\n\n  $$x = 1$$\n\n* second\n    1. third",
        "| $x$ | `y` |\n| --- | --: |\n| $a \\mid b$ | \\| |",
        r"Signs: &lt;b&gt;, \*, \_, \#1, \~5, a_b_c, 2 * 3 * 4, 5 % of {x} | y, @, a < b.",
        "Links: <https://example.org/_a_b_> and [here](https://example.org/_a_b_).",
    ],
)
def test_what_all_read_alike_passes(source):
    check(HEADING + source)


def test_code_is_not_read():
    check_prose([Cell(1, 1, new_code_cell("f'165 $ and 35 $'"))], "text.py")


def test_levels_of_headings_do_not_skip_from_cell_to_cell():
    cells = [
        new_markdown_cell(source) for source in ("# One\n\n## Two", "# One", "Text\n\n### Two")
    ]
    cells = [Cell(n, n, cell) for n, cell in zip((1, 10, 20), cells, strict=True)]
    check_prose(cells[:2], "text.md")
    with pytest.raises(AuthoringError, match=r"text\.md:22: .*level 3 .*level 1.* write ##"):
        check_prose(cells, "text.md")


@pytest.mark.parametrize(
    ("path", "old", "line"),
    [
        ("course/lectures/day1_losses.md", "A cell of its own.", 26),
        ("assignments/authoring/day1_losses.py", "Write the loss.", 15),
    ],
)
def test_a_build_refuses_and_names_the_line_of_the_file(root, edit, path, old, line):
    build(root)
    edit(path, old, r"It costs 5 \$.")
    with pytest.raises(AuthoringError, match=rf"^{path}:{line}: a dollar sign outside code"):
        build(root)
