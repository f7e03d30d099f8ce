# %% plain
from collections import Counter

# %% answer shop
basket = []
stock = {"fig": 3, "kiwi": 1}
visits = 0
history = {"sold": []}
tags = set()


def put(item):
    basket.append(item)
    return len(basket)


def sell(item):
    if not stock.get(item):
        return False
    stock[item] -= 1
    history["sold"].append(item)
    return True


def visit():
    global visits
    visits += 1


def tag(*names):
    tags.update(names)


def reset():
    global basket, visits
    basket, visits = [], 0


class Till:
    total = 0
    opened = []

    def __init__(self, name):
        self.name, self.cash = name, []
        Till.opened.append(name)

    def pay(self, amount):
        self.cash.append(amount)
        Till.total += amount
        return self


main = Till("main")
# %% test returned
assert put("fig") == 1
# %% test seen_in_list
put("kiwi")
assert "kiwi" in basket
# %% test one_more
before = len(basket)
put("pear")
assert len(basket) == before + 1 and basket[-1] == "pear"
# %% test still_there
assert basket == ["fig", "kiwi", "pear"]
# %% test dictionary_changed
before = stock["fig"]
assert sell("fig")
assert stock["fig"] == before - 1
# %% test sold_out
sell("kiwi")
assert not sell("kiwi") and stock["kiwi"] == 0
# %% test nested
assert history["sold"] == ["fig", "kiwi"]
# %% test number
before = visits
visit()
visit()
assert visits == before + 2
# %% test set_grows
tag("red", "ripe")
tag("red")
assert tags == {"red", "ripe"}
# %% test test_clears
basket.clear()
assert put("one") == 1
# %% test after_clearing
assert basket == ["one"]
# %% test test_changes
stock["plum"] = 2
assert sell("plum") and stock["plum"] == 1
# %% test test_rebinds
visits = 10
visit()
assert visits == 11
# %% test reset_rebinds
put("x")
reset()
assert basket == [] and visits == 0
# %% test object_state
main.pay(5).pay(7)
assert main.cash == [5, 7] and sum(main.cash) == 12
# %% test object_kept
main.pay(1)
assert main.cash[-1] == 1 and len(main.cash) == 3
# %% test class_state
before = Till.total
Till("side").pay(3)
assert Till.total == before + 3 and Till.opened[-1] == "side"
# %% test attribute_set
main.name = "front"
assert main.name == "front" and vars(main)["name"] == "front"
# %% test same_object
other = main
other.pay(2)
assert other is main and main.cash[-1] == 2
# %% test alias
mine = basket
put("shared")
assert mine == basket == ["shared"]
# %% test counted
assert Counter(history["sold"])["fig"] == 1
# %% answer later
from statistics import median

middle = median([len(basket), 5, 9])
order = list(stock)
# %% test later_answer
assert middle == 5 and order == ["fig", "kiwi", "plum"]
# %% test makes_names
import string

limits = {"low": 1, "high": 9}


def inside(x):
    return limits["low"] <= x <= limits["high"]


assert inside(middle)
# %% answer uses_test_names
letters = string.ascii_lowercase[:3]
width = limits["high"] - limits["low"]
fits = [x for x in range(12) if inside(x)]
# %% test used_import
assert letters == "abc"
# %% test used_value
assert width == 8
# %% test used_function
assert fits == list(range(1, 10))
# %% wrong none shop
basket, stock, visits, history, tags = [], {"fig": 3, "kiwi": 1}, 0, {"sold": []}, set()


def put(item):
    return 1


def sell(item):
    return True


def visit():
    pass


def tag(*names):
    pass


def reset():
    pass


class Till:
    total, opened, cash = 0, [], []

    def __init__(self, name):
        self.name = name

    def pay(self, amount):
        return self


main = Till("main")
# %% wrong none uses_test_names
letters, width, fits = "", 0, []
