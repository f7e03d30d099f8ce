# %% plain
import abc
import copy
import dataclasses
import enum
from dataclasses import dataclass, field
from typing import NamedTuple


# %% answer money
class Money:
    """An amount in one currency."""

    made = 0

    def __init__(self, amount, currency="CHF"):
        self.amount, self.currency = amount, currency
        Money.made += 1

    def __add__(self, other):
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other):
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor):
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __eq__(self, other):
        if not isinstance(other, Money):
            return NotImplemented
        return (self.amount, self.currency) == (other.amount, other.currency)

    def __lt__(self, other):
        return self.amount < other.amount

    def __hash__(self):
        return hash((self.amount, self.currency))

    def __neg__(self):
        return Money(-self.amount, self.currency)

    def __bool__(self):
        return self.amount != 0

    def __repr__(self):
        return f"Money({self.amount}, {self.currency!r})"

    def __float__(self):
        return float(self.amount)

    @property
    def cents(self):
        return round(self.amount * 100)

    @cents.setter
    def cents(self, value):
        self.amount = value / 100

    @classmethod
    def parse(cls, text):
        amount, currency = text.split()
        return cls(float(amount), currency)

    @staticmethod
    def currencies():
        return ["CHF", "EUR"]


# %% test attributes
m = Money(5)
assert m.amount == 5 and m.currency == "CHF"
# %% test sum_attribute
assert (Money(2) + Money(3)).amount == 5
# %% test sum_equal
assert Money(2) + Money(3) == Money(5)
# %% test difference
assert Money(5) - Money(3) == Money(2) and Money(5) != Money(6)
# %% test both_products
assert (3 * Money(2)).amount == 6 and (Money(2) * 3).amount == 6
# %% test negative
assert (-Money(4)).amount == -4
# %% test truth
assert Money(1) and not Money(0)
# %% test ordered
assert [m.amount for m in sorted([Money(3), Money(1), Money(2)])] == [1, 2, 3]
assert max(Money(3), Money(8)).amount == 8 and Money(1) < Money(2)
# %% test in_set
assert len({Money(1), Money(1), Money(2)}) == 2
# %% test as_key
prices = {Money(1): "cheap"}
assert prices[Money(1)] == "cheap"
# %% test in_list
assert Money(2) in [Money(1), Money(2)]
# %% test shown
assert repr(Money(1)) == "Money(1, 'CHF')" and f"{Money(1)}" == "Money(1, 'CHF')"
# %% test converted
assert float(Money(3)) == 3.0
# %% test property_set
m = Money(1.5)
m.cents = 250
assert m.amount == 2.5 and m.cents == 250
# %% test property_is_one
assert isinstance(Money.__dict__["cents"], property) and isinstance(Money.cents, property)
# %% test class_method
assert Money.parse("7 EUR").currency == "EUR" and Money.currencies() == ["CHF", "EUR"]
# %% test counted
before = Money.made
Money(1), Money(2)
assert Money.made == before + 2
# %% test type_is
assert type(Money(1)) is Money and isinstance(Money(1), Money)
# %% test vars_of
assert vars(Money(1)) == {"amount": 1, "currency": "CHF"}
# %% test copied
m = Money(9)
other = copy.copy(m)
other.amount = 1
assert m.amount == 9 and copy.deepcopy(m) == m
# %% test summed
assert sum([Money(1), Money(2)], Money(0)).amount == 3
# %% test foreign_equal
assert Money(1) != 1 and not Money(1) == "Money"


# %% wrong plain money
class Money:
    made = 0

    def __init__(self, amount, currency="USD"):
        self.amount, self.currency = amount, currency


# %% wrong liar money
class Money:
    made = 0

    def __init__(self, amount, currency="CHF"):
        self.amount, self.currency = 5, "EUR"

    def __add__(self, other):
        return self

    def __sub__(self, other):
        return self

    def __mul__(self, factor):
        return self

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1

    def __lt__(self, other):
        return True

    def __repr__(self):
        return "Money"

    cents = 0
    parse = currencies = lambda *_: Money(1)
