import re

import pytest

from hub_config.sanitize import clean, clean_markdown


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
