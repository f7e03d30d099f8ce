# %% plain
import unittest
import numpy as np
import pytest


# %% answer bank
class BankError(Exception):
    """Whatever goes wrong at the bank."""


class NoMoney(BankError, ValueError):
    def __init__(self, missing, account="main"):
        super().__init__(f"{missing} is missing")
        self.missing, self.account = missing, account


class Closed(BankError):
    code = 7


class Account:
    def __init__(self, balance=0):
        self.balance, self.closed = balance, False

    def take(self, amount):
        if self.closed:
            raise Closed("closed")
        if amount > self.balance:
            raise NoMoney(amount - self.balance)
        self.balance -= amount
        return amount


def age(text):
    try:
        years = int(text)
    except ValueError as error:
        raise BankError("no number") from error
    if years < 0:
        raise ValueError(f"negative: {years}", years)
    return years


def safely(function, *arguments):
    try:
        return function(*arguments)
    except ZeroDivisionError:
        return None
    finally:
        log.append("done")


log = []


def kinds(values):
    errors = [TypeError(repr(v)) for v in values if not isinstance(v, int)]
    if errors:
        raise ExceptionGroup("bad values", errors)


def noted():
    error = KeyError("k")
    error.add_note("look there")
    raise error


# %% test raises_own
with pytest.raises(NoMoney):
    Account(1).take(5)
# %% test raises_base
with pytest.raises(BankError):
    Account(1).take(5)
# %% test raises_builtin_base
with pytest.raises(ValueError, match="4 is missing"):
    Account(1).take(5)
# %% test value_of
with pytest.raises(NoMoney) as caught:
    Account(1).take(5)
assert caught.value.missing == 4 and caught.type is NoMoney
# %% test except_own
try:
    Account(1).take(3)
except NoMoney as error:
    assert error.missing == 2 and error.account == "main"
else:
    raise AssertionError("it was paid")
# %% test except_base
try:
    Account(1).take(3)
    raise AssertionError("it was paid")
except BankError as error:
    assert isinstance(error, ValueError)
# %% test except_tuple
account = Account(5)
account.closed = True
try:
    account.take(1)
except (NoMoney, Closed) as error:
    assert error.code == 7
else:
    raise AssertionError("it is closed")
# %% test subclasses
assert issubclass(NoMoney, BankError) and issubclass(NoMoney, ValueError)
assert issubclass(BankError, Exception) and not issubclass(Closed, ValueError)
# %% test unittest_raises
case = unittest.TestCase()
with case.assertRaises(Closed) if False else case.assertRaises(NoMoney):
    Account().take(1)
# %% test unittest_regex
unittest.TestCase().assertRaisesRegex(ValueError, "negative", age, "-3")
# %% test numpy_raises
np.testing.assert_raises(ValueError, age, "-3")
# %% test exact_type
try:
    age("-1")
except Exception as error:
    assert type(error) is ValueError
    assert error.args == ("negative: -1", -1)
# %% test cause
try:
    age("many")
except BankError as error:
    assert isinstance(error.__cause__, ValueError) and "many" in str(error.__cause__)
else:
    raise AssertionError("no error")
# %% test message
try:
    Account().take(2)
except ValueError as error:
    assert str(error) == "2 is missing"
else:
    raise AssertionError("no error")
# %% test made_in_test
error = NoMoney(3, account="old")
assert isinstance(error, BankError) and str(error) == "3 is missing" and error.account == "old"
# %% test raised_in_test
try:
    raise NoMoney(1)
except BankError as error:
    assert error.missing == 1
# %% test finally_runs
log.clear()
assert safely(lambda: 1 / 0) is None and log == ["done"]
# %% test others_pass
with pytest.raises(KeyError):
    safely(lambda: {}["k"])


# %% test own_passes_through
class Stop(Exception):
    pass


def stops():
    raise Stop("from the test")


with pytest.raises(Stop, match="from the test"):
    safely(stops)
# %% test group
with pytest.raises(ExceptionGroup) as caught:
    kinds([1, "a", None])
assert len(caught.value.exceptions) == 2 and isinstance(caught.value.exceptions[0], TypeError)
# %% test note
try:
    noted()
except KeyError as error:
    assert error.__notes__ == ["look there"]
else:
    raise AssertionError("no error")
# %% test no_error
assert age("12") == 12 and Account(5).take(2) == 2


# %% wrong silent bank
class BankError(Exception):
    pass


class NoMoney(Exception):
    missing = 0


class Closed(ValueError):
    code = 1


class Account:
    closed = False

    def __init__(self, balance=0):
        self.balance = balance

    def take(self, amount):
        return amount


def age(text):
    return 12


def safely(function, *arguments):
    return function(*arguments)


log = []


def kinds(values):
    pass


def noted():
    pass


# %% wrong general bank
BankError = NoMoney = Closed = Exception


class Account:
    def __init__(self, balance=0):
        pass

    def take(self, amount):
        raise Exception("no")


def age(text):
    raise Exception(text)


def safely(function, *arguments):
    try:
        return function(*arguments)
    except Exception:
        return None


log = ["done"]


def kinds(values):
    raise TypeError


def noted():
    raise KeyError
