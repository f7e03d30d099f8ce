# %% plain
import abc
import dataclasses
import enum
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable


# %% answer kinds
class Animal(abc.ABC):
    legs = 4

    def __init__(self, name):
        self.name = name

    @abc.abstractmethod
    def sound(self): ...

    def speak(self):
        return f"{self.name}: {self.sound()}"


class Cat(Animal):
    def sound(self):
        return "miaow"


class Bird(Animal):
    legs = 2

    def __init__(self, name, flies=True):
        super().__init__(name)
        self.flies = flies

    def sound(self):
        return "tweet"


class Swims:
    def swim(self):
        return f"{self.name} swims"


class Duck(Bird, Swims):
    pass


@dataclass(order=True)
class Parcel:
    weight: float
    place: str = "Bern"
    marks: list = field(default_factory=list, compare=False)


@dataclass(frozen=True)
class Spot:
    x: int
    y: int = 0


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Flag(enum.Flag):
    READ = 1
    WRITE = 2


class Pair(NamedTuple):
    left: int
    right: int = 0


class Slotted:
    __slots__ = ("a",)


class Temperature:
    def __init__(self):
        self._degrees = 0

    def __getattr__(self, name):
        if name == "fahrenheit":
            return self._degrees * 9 / 5 + 32
        raise AttributeError(name)


# %% test speaks
assert Cat("Tom").speak() == "Tom: miaow" and Duck("Don").speak() == "Don: tweet"
# %% test subclass
assert issubclass(Cat, Animal) and issubclass(Duck, Bird) and not issubclass(Cat, Bird)
# %% test subclass_of_abc
assert issubclass(Animal, abc.ABC)
# %% test instance_of_base
assert isinstance(Duck("d"), Animal) and isinstance(Duck("d"), Swims)
# %% test abstract
try:
    Animal("x")
except TypeError as error:
    assert "abstract" in str(error)
else:
    raise AssertionError("Animal can be made")
# %% test abstract_names
assert Animal.__abstractmethods__ == {"sound"}
# %% test order_of_resolution
assert [one.__name__ for one in Duck.__mro__][:4] == ["Duck", "Bird", "Animal", "Swims"] or [
    one.__name__ for one in Duck.__mro__
][:3] == ["Duck", "Bird", "Animal"]
# %% test bases
assert Duck.__bases__ == (Bird, Swims)
# %% test class_attribute
assert Cat.legs == 4 and Duck("d").legs == 2
# %% test default_argument
assert Bird("b").flies is True


# %% test subclass_in_test
class Cow(Animal):
    def sound(self):
        return "moo"


assert Cow("Flo").speak() == "Flo: moo"


# %% test subclass_with_super
class Loud(Cat):
    def sound(self):
        return super().sound().upper()


assert Loud("Tom").speak() == "Tom: MIAOW" and isinstance(Loud("x"), Animal)
# %% test fields
assert [one.name for one in dataclasses.fields(Parcel)] == ["weight", "place", "marks"]
# %% test data_equal
assert Parcel(1.0) == Parcel(1.0, marks=["x"]) and Parcel(1.0) < Parcel(2.0)
# %% test as_dict
assert dataclasses.asdict(Parcel(2.0)) == {"weight": 2.0, "place": "Bern", "marks": []}
# %% test own_default
a, b = Parcel(1.0), Parcel(1.0)
a.marks.append("x")
assert b.marks == [] and a.marks == ["x"]
# %% test is_dataclass
assert dataclasses.is_dataclass(Parcel) and dataclasses.is_dataclass(Spot(1))
# %% test frozen
try:
    Spot(1).x = 2
except dataclasses.FrozenInstanceError:
    pass
else:
    raise AssertionError("Spot can be changed")
# %% test replaced
assert dataclasses.replace(Spot(1, 2), y=5) == Spot(1, 5)
# %% test enum
assert (
    Size("s") is Size.SMALL
    and Size.LARGE.value == "l"
    and [s.name for s in Size] == ["SMALL", "LARGE"]
)
# %% test int_enum
assert Rank.HIGH > Rank.LOW and Rank.HIGH == 2 and sorted([Rank.HIGH, Rank.LOW])[0] is Rank.LOW
# %% test flags
assert Flag.READ | Flag.WRITE == Flag(3) and Flag.READ in Flag(3)
# %% test named_tuple
assert Pair(1) == (1, 0) and Pair(1, 2).right == 2 and Pair(3)._replace(right=9) == (3, 9)
# %% test slots
one = Slotted()
one.a = 1
try:
    one.b = 2
except AttributeError:
    pass
else:
    raise AssertionError("Slotted takes b")
# %% test getattr
assert Temperature().fahrenheit == 32 and not hasattr(Temperature(), "kelvin")


# %% wrong flat kinds
class Animal:
    legs = 4

    def __init__(self, name):
        self.name = name

    def sound(self):
        return ""

    def speak(self):
        return self.sound()


class Cat:
    pass


class Bird(Animal):
    flies = False


class Swims:
    pass


class Duck(Animal):
    pass


class Parcel:
    def __init__(self, weight, place="Bern", marks=[]):
        self.weight, self.place, self.marks = weight, place, marks


class Spot(Parcel):
    pass


class Size:
    SMALL, LARGE = "s", "l"


class Rank:
    LOW, HIGH = 1, 2


class Flag:
    READ = WRITE = 1


def Pair(left, right=0):
    return [left, right]


class Slotted:
    pass


class Temperature:
    kelvin = 1
