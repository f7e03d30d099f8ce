import re

import pytest

from autograder.record.sanitize import clean, clean_markdown


@pytest.mark.parametrize(
    "attack",
    [
        "<script>evil()</script>",
        "<img src=x onerror=evil()>",
        "<a href='javascript:evil()'>x</a>",
        "<a href=' data:text/html,<script>evil()</script>'>x</a>",
        "<iframe src='data:text/html,evil'></iframe>",
        "<svg><animate onbegin=evil()></svg>",
        "<form action='/user/instructor/api'><button>x</button></form>",
        "<style>@import 'https://evil'</style>",
        "<p style='background:url(https://evil)'>x</p>",
        "<math><mtext><table><mglyph><style><img src onerror=evil()>",
        "<img src='https://evil/who-reads-this'>",
    ],
)
def test_nothing_acts_or_calls_home(attack):
    for tag in re.findall(r"<[^>]*>", clean(attack)):
        assert not re.match(r"</?(script|iframe|svg|math|form|button|style)", tag)
        assert not re.search(r" (on\w+|style)=|(href|src)=. *(javascript|data|https)", tag)


@pytest.mark.parametrize(
    "address",
    [
        "//evil/who-reads-this",
        "http&#58;//evil/who-reads-this",
        "HTTPS&#x3a;//evil/who-reads-this",
        " /&#9;/evil/who-reads-this",
        "\\\\evil/who-reads-this",
        "/hub/logout",  # the instructor's own pages, asked for by the instructor's browser
        "../../../../hub/logout",
        "%2E%2e/%2e./hub/logout",
    ],
)
def test_a_picture_is_a_part_of_the_page_however_its_address_is_written(address):
    assert clean(f'<img alt="x" src="{address}">') == '<img alt="x">'


def test_a_link_holds_no_page_of_its_own_however_it_is_written():
    for address in ("&#100;ata:text/html,evil", "da&#9;ta:text/html,evil", "DATA:text/html,evil"):
        assert clean(f'<a href="{address}">x</a>') == "<a>x</a>"


def test_a_picture_beside_the_notebook_stays():
    assert clean('<img src="figures/loss.png">') == '<img src="figures/loss.png">'


def test_tables_headings_and_pictures_stay():
    html = (
        '<h2>Result</h2><p>A <em>table</em></p><table><thead><tr><th colspan="2">x</th></tr>'
        "</thead><tbody><tr><td>1</td></tr></tbody></table>"
        '<img alt="plot" src="data:image/png;base64,AA==">'
    )
    assert clean(html) == html


def test_formulas_stay():
    assert clean_markdown("<p>$a &lt; b_{1}$</p>") == "<p>$a &lt; b_{1}$</p>"


def test_links_to_files_are_as_nbconvert_writes_them():
    assert clean_markdown('<a href="files/data.csv">x</a>') == '<a href="data.csv">x</a>'


@pytest.mark.parametrize(
    "name", ["full-credit", "highlight no-credit", "\tmark-graded", "score", "comment", "tabbable"]
)
def test_nothing_is_a_button_of_formgrader_s(name):
    assert clean(f'<b class="{name}">x</b>') == "<b>x</b>"


def test_tables_and_code_keep_their_looks():
    html = (
        '<table class="dataframe"></table>'
        '<div class="highlight hl-ipython3"><span class="mi">1</span></div>'
    )
    assert clean(html) == html
    assert 'class="anchor-link"' in clean('<a class="anchor-link" href="#x">x</a>')
