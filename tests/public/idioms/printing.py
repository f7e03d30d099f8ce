# %% plain
import contextlib
import io
import logging
import sys
import warnings
import pytest
# %% answer shows
def stairs(n):
    for i in range(1, n + 1):
        print("#" * i)

def table(rows):
    for name, value in rows.items():
        print(f"{name:<6}|{value:>6.2f}")

def complain():
    print("careful", file=sys.stderr)

def raw():
    sys.stdout.write("no newline")

def both(x):
    print("given", x, sep=": ", end="!\n")
    return x * 2

def old(x):
    warnings.warn("use new()", DeprecationWarning, stacklevel=2)
    return x

class SlowWarning(UserWarning):
    """Says that something takes long."""

def slow(n):
    if n > 10:
        warnings.warn(f"{n} takes long", SlowWarning)
    return n

def logs(x):
    logging.getLogger("shop").warning("sold %s", x)

def shown(x):
    import IPython.display
    IPython.display.display(x)

class Card:
    def __str__(self): return "a card"
    def __repr__(self): return "Card()"
    def __format__(self, spec): return f"card[{spec}]"
# %% test redirected
out = io.StringIO()
with contextlib.redirect_stdout(out):
    stairs(3)
assert out.getvalue() == "#\n##\n###\n"
# %% test swapped
kept, sys.stdout = sys.stdout, io.StringIO()
try:
    stairs(2)
    text = sys.stdout.getvalue()
finally:
    sys.stdout = kept
assert text.split() == ["#", "##"]
# %% test magic
%%capture caught
stairs(1)
# %% test magic_read
assert caught.stdout == "#\n"
# %% test ipython_capture
from IPython.utils.capture import capture_output
with capture_output() as seen:
    raw()
assert seen.stdout == "no newline"
# %% test formatted
out = io.StringIO()
with contextlib.redirect_stdout(out):
    table({"tea": 2.5, "milk": 1})
assert out.getvalue().splitlines() == ["tea   |  2.50", "milk  |  1.00"]
# %% test errors_apart
err, out = io.StringIO(), io.StringIO()
with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
    complain()
assert err.getvalue() == "careful\n" and out.getvalue() == ""
# %% test printed_and_returned
out = io.StringIO()
with contextlib.redirect_stdout(out):
    result = both(4)
assert result == 8 and out.getvalue() == "given: 4!\n"
# %% test nothing_else_printed
out = io.StringIO()
with contextlib.redirect_stdout(out):
    slow(1)
assert out.getvalue() == ""
# %% test warns
with pytest.warns(DeprecationWarning):
    old(1)
# %% test warns_text
with pytest.warns(UserWarning, match="takes long"):
    slow(11)
# %% test warns_own
with pytest.warns(SlowWarning):
    slow(11)
# %% test recorded
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    old(1)
    slow(12)
assert [one.category.__name__ for one in seen] == ["DeprecationWarning", "SlowWarning"]
# %% test message
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    slow(20)
assert len(seen) == 1 and str(seen[0].message) == "20 takes long"
# %% test no_warning
with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert slow(5) == 5
# %% test as_error
with warnings.catch_warnings():
    warnings.simplefilter("error")
    with pytest.raises(DeprecationWarning):
        old(1)
# %% test logged
heard = []
class Ear(logging.Handler):
    def emit(self, record):
        heard.append(record.getMessage())
ear = Ear()
logging.getLogger("shop").addHandler(ear)
try:
    logs("tea")
finally:
    logging.getLogger("shop").removeHandler(ear)
assert heard == ["sold tea"]
# %% test displayed
with capture_output() as seen:
    shown("hello")
assert "hello" in seen.stdout or any("hello" in str(one.data) for one in seen.outputs)
# %% test text_of_object
assert str(Card()) == "a card" and repr([Card()]) == "[Card()]" and f"{Card():x}" == "card[x]"
# %% test printed_object
out = io.StringIO()
with contextlib.redirect_stdout(out):
    print(Card())
assert out.getvalue() == "a card\n"
# %% wrong quiet shows
def stairs(n): return "#" * n
def table(rows): return str(rows)
def complain(): print("careful")
def raw(): print("no newline")
def both(x): return x * 2
def old(x): return x
class SlowWarning(UserWarning): pass
def slow(n):
    print(n)
    return 0
def logs(x): print("sold", x)
def shown(x): pass
class Card: pass
