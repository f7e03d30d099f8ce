"""The names that a test looks up by their texts, and no other text of the test's."""

import ast

import pytest

from autograder.domains.names_in_texts import looked_up

LOOKED_UP = {
    "item": ("globals()['f'](1) == 6", {"f"}),
    "in": ("assert 'f' in globals() and 'g' not in dir()", {"f", "g"}),
    "get": ("callable(vars().get('f'))", {"f"}),
    "IPython's": ("get_ipython().user_ns['f']", {"f"}),
    "under a name": ("space = get_ipython().user_ns\nspace['f']\n'g' in space", {"f", "g"}),
    "a copy": ("{'f', 'g'} <= set(globals().keys())", {"f", "g"}),
    "a copy under a name": ("names = dir()\n'f' in names", {"f"}),
    "issubset": ("assert {'f', 'g'}.issubset(globals())", {"f", "g"}),
    "loop": ("for name in ('f', 'g'):\n    assert name in dir()", {"f", "g"}),
    "generator": ("all(name in dir() for name in ['f', 'g'])", {"f", "g"}),
    "loop over a name": ("some = ['f']\nfor name in some:\n    globals()[name]()", {"f"}),
    "a text under a name": ("name = 'f'\nglobals()[name]", {"f"}),
    "what is expected": ("assert 'f' in dir()\nassert capital() == 'paris'", {"f"}),
    "expected of what is looked up": ("assert globals()['capital']() == 'paris'", {"capital"}),
    "a name of two things": ("a = 'paris'\nf() == a\na = 'f'\na in dir()", set()),
    "a namespace of two things": ("d = dir()\nd = f()\nassert 'paris' in d", set()),
    "an object's": ("assert 'paris' in dir(f) and 'paris' in vars(f)", set()),
    "put together": ("assert 'f' + 'g' in dir()", set()),
    "what the test sets": ("globals()['secret'] = 5\nassert globals()['secret'] == f()", set()),
    "what the test deletes": ("del globals()['f']", set()),
    "Python's own": ("assert '__name__' in dir() and '_' in dir() and 'no name' in dir()", set()),
    "numbers": ("dir()[0] == 'paris'", set()),
}


@pytest.mark.parametrize(("test", "names"), LOOKED_UP.values(), ids=LOOKED_UP)
def test_only_a_text_that_is_looked_up_is_asked_for(test, names):
    assert looked_up(test).names == names
    assert looked_up(ast.parse(test)).names == names
