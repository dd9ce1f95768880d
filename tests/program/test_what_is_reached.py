"""compile(): whatever a function reaches by name, or is given, when that changes, its values do; or it says so."""

import abc
import array
import builtins
import collections
import configparser
import contextlib
import contextvars
import ctypes
import dataclasses
import decimal
import enum
import functools
import html.parser
import importlib
import logging
import math
import operator
import os
import sys
import threading
import time
import timeit
import types
import uuid
import warnings
import weakref

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, nn, no_grad


def t(*numbers):
    return Tensor(np.array(numbers, np.float32))


def quiet(function):
    """The function, compiled or as it is, where it may have to say that it cannot be."""
    compiled = tinygrad_tf.compile(function)

    def call(*args):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compiled(*args)

    return call


class Holder:
    """An object with a value, by all the ways of Python's to ask for it."""

    shared = [1.0]  # noqa: RUF012 (it is meant to be one for all)

    def __init__(self, v=1.0):
        self.v = v

    def __getitem__(self, i):
        return self.v

    def __float__(self):
        return self.v

    def __len__(self):
        return int(self.v)

    def __iter__(self):
        yield self.v

    def __enter__(self):
        return self.v

    def __exit__(self, *_):
        pass

    def __get__(self, owner, kind):
        return self.v

    def value(self):
        return self.v

    @functools.cached_property
    def cached(self):
        return self.v


class Heir(Holder):
    def value(self):
        return super().value()


class Elsewhere:
    def __init__(self):
        self.known = {"k": 1.0}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.known[name]


class Meta(type):
    @property
    def rate(cls):
        return cls.v


def attribute(x, name="v"):
    return functools.partial(setattr, x, name)


def item(x, key=0):
    return functools.partial(x.__setitem__, key)


def within(read):
    """Rows in which an object's own ways lead to the value."""

    def make():
        holder = Heir()
        return functools.partial(read, holder), attribute(holder)

    return make


def _entered(holder):
    with holder as v:
        return v


def _import(x=None):
    import a_module_of_settings

    return a_module_of_settings.k


def _from_import(x=None):
    from a_module_of_settings import k

    return k


def _module(read):
    def make():
        module = sys.modules["a_module_of_settings"] = types.ModuleType("a_module_of_settings")
        module.k = 1.0
        return read, attribute(module, "k")

    return make


def _place(x, key=0, read=None):
    """A row: the value is read from ``x``, which is written to."""

    def make():
        made = x()
        return (lambda: (read or operator.getitem)(made, key) if read is None else read(made)), item(made, key)

    return make


def _slot(make_one, read):
    def make():
        made = make_one()
        return (lambda: read(made)), attribute(made, "k")

    return make


def _behind(view, read):
    """A row: the value is written to a dict, and read from what shows it."""

    def make():
        known = {"k": 1.0}
        shown = view(known)
        return (lambda: read(shown)), item(known, "k")

    return make


def _descriptor():
    inner = Holder()
    outer = type("Outer", (), {"part": inner})()
    return (lambda: outer.part), attribute(inner)


def _class(kind):
    def make():
        Holder.shared[0] = 1.0
        made = kind()
        return (lambda: made.shared[0]), item(Holder.shared)

    return make


def _metaclass():
    kind = Meta("Kind", (), {"v": 1.0})
    return (lambda: kind.rate), attribute(kind)


def _computed_name():
    holder = Holder()
    return (lambda: getattr(holder, "vw"[:1])), attribute(holder)


def _comes_later():
    holder = Holder()
    return (lambda: getattr(holder, "later", 1.0)), attribute(holder, "later")


def _method_put_on():
    holder = Holder(1.0)
    return (lambda: holder.value()), lambda v: setattr(holder, "value", lambda: v)


def _class_changed():
    holder = Holder(1.0)
    return (lambda: holder.value()), lambda v: setattr(
        holder, "__class__", type("Other", (Holder,), {"value": lambda self: v})
    )


def _made_inside():
    known = {"k": 1.0}

    class Made:
        def __init__(self):
            self.k = known["k"]

    return (lambda: Made().k), item(known, "k")


def _module_made_inside():
    known = {"k": 1.0}

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.k = known["k"]

    return (lambda: Made().k), item(known, "k")


def _decorated():
    known = {"k": 1.0}

    @no_grad()
    def helper():
        return known["k"]

    return (lambda: helper()), item(known, "k")


def _installed(text, name):
    module = sys.modules["an_installed_module"] = types.ModuleType("an_installed_module")
    module.__file__ = "/lib/site-packages/an_installed_module.py"
    exec(compile(text, module.__file__, "exec"), vars(module))
    return getattr(module, name)


def _decorated_by_an_installed_package():
    known = {"k": 1.0}
    decorate = _installed("def decorate(f):\n    def inside():\n        return f()\n    return inside", "decorate")
    helper = decorate(lambda: known["k"])
    return (lambda: helper()), item(known, "k")


def _method_of_an_installed_class():
    base = _installed("class Base:\n    def value(self):\n        return self.v", "Base")
    x = type("OfTheUser", (base,), {"v": 1.0})()
    read = x.value
    return (lambda: read()), attribute(x)


def _within_an_installed_class():
    parser = type("OfTheUser", (html.parser.HTMLParser,), {})()
    return (lambda: 1.0 + (parser.get_starttag_text() is not None)), (lambda v: parser.feed("<p>") if v > 1 else None)


def _managed():
    known = {"k": 1.0}

    @contextlib.contextmanager
    def manager():
        yield known["k"]

    def read():
        with manager() as v:
            return v

    return read, item(known, "k")


def _cached():
    known = {"k": 1.0}
    read = functools.lru_cache(lambda: known["k"])

    def change(v):
        known["k"] = v
        read.cache_clear()

    return (lambda: read()), change


def _cell():
    def change(v):
        nonlocal late
        late = v

    def read():
        try:
            return late
        except NameError:
            return 1.0

    if not read:
        late = 0.0
    return read, change


def _builtin():
    def change(v):
        globals()["len"] = lambda _: v

    globals().pop("len", None)
    return (lambda: len([0])), change


def _builtin_everywhere():
    return (lambda: sum([1.0])), lambda v: setattr(builtins, "sum", lambda _: v)


def _globals():
    globals()["NUMBER"] = 1.0
    return (lambda: globals()["NUM" + "BER"]), item(globals(), "NUMBER")


def _variable():
    variable = contextvars.ContextVar("v", default=1.0)
    return (lambda: variable.get()), variable.set


def _flag():
    flag = threading.Event()
    return (lambda: 1.0 + flag.is_set()), lambda v: flag.set() if v > 1 else None


def _mask():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    return (lambda: float(masked.sum())), lambda v: setattr(masked, "mask", [v == 2, v == 1])


def _dict_with_a_value():
    made = type("Settings", (dict,), {})()
    made.k = 1.0
    return (lambda: made.k), attribute(made, "k")


def _partial():
    holder = Holder()
    return functools.partial(lambda h: h.v, holder), attribute(holder)


def _configured():
    parser = configparser.ConfigParser()
    parser.read_string("[a]\nk=1")
    return (lambda: float(parser["a"]["k"])), lambda v: parser.set("a", "k", str(v))


def _compiled_attribute():
    @tinygrad_tf.compile
    def other(x):
        return x

    other.k = 1.0
    return (lambda: other.k), attribute(other, "k")


def _what_is_cached():
    settings = functools.lru_cache(lambda: {"k": 1.0})
    return (lambda: settings()["k"]), lambda v: settings().__setitem__("k", v)


def _computed_test():
    holder, name = Holder(), "LATER"
    return (lambda: 2.0 if hasattr(holder, name.lower()) else 1.0), lambda v: v > 1 and setattr(holder, "later", v)


def _argv():
    argv = sys.argv
    return (lambda: float(argv[-1]) if sys.argv[0] is None else float(sys.argv[-1])), lambda v: argv.append(str(v))


def _of_a_module(read):
    def make():
        module = sys.modules["a_module_of_settings"] = types.ModuleType("a_module_of_settings")
        module.k = 1.0
        return read, attribute(module, "k")

    return make


def _function_s_globals():
    space = {}
    exec("K = 1.0\ndef f(): pass", space)
    f = space["f"]
    return (lambda: f.__globals__["K"]), item(space, "K")


def _heirs():
    class Base:
        pass

    made = []
    return (
        lambda: 1.0 + len(Base.__subclasses__())
    ), lambda v: v == 1 or made or made.append(type("Heir", (Base,), {}))


def _registered():
    class Kind(abc.ABC):  # noqa: B024
        pass

    class Other:
        pass

    other = Other()
    return (lambda: 1.0 + isinstance(other, Kind)), lambda v: v > 1 and Kind.register(Other)


def _own(kind, *given, change=item, **named):
    """A row: an heir of a class of C's, whose value is no attribute."""

    def make():
        made = type("Own", (kind,), named)(*given)
        return (lambda: made[0]), lambda v: made.__setitem__(0, int(v))

    return make


def _number_with(kind, value):
    def make():
        made = type("Own", (kind,), {})(value)
        made.k = 1.0
        return (lambda: made.k), attribute(made, "k")

    return make


def _text(read):
    def make():
        made = type("Own", (), {"v": 1.0, "__str__": lambda self: str(self.v)})()
        return (lambda: float(read(made))), attribute(made)

    return make


def _made_again(again):
    def make():
        known = {"k": 1.0}

        @dataclasses.dataclass
        class Made:
            a: int = 0

            def __post_init__(self):
                self.k = known["k"]

        made = Made()
        return (lambda: again(made).k), item(known, "k")

    return make


def _dynamic_module():
    known, module = {"k": 1.0}, types.ModuleType("dynamic")
    module.__getattr__ = lambda name: known[name]
    return (lambda: module.k), item(known, "k")


def _library_list():
    np.a_list_of_a_user = [1.0]
    return (lambda: np.a_list_of_a_user[0]), item(np.a_list_of_a_user)


def _order():
    known = {"a": 1.0, "b": 2.0}
    return (
        lambda: next(iter(known.values()))
    ), lambda v: v > 1 and next(iter(known)) == "a" and known.__setitem__("a", known.pop("a"))


def _member():
    member = Holder()
    known = {member}
    return (lambda: sum(h.v for h in known)), attribute(member)


def _entry_of_a_table():
    net = nn.Linear(1, 1)
    net.table = np.ones((600, 600))
    return (lambda: float(net.table[3, 7])), item(net.table, (3, 7))


def _level():
    log = logging.getLogger("a user's")
    log.setLevel(30)
    return (lambda: 1.0 + log.isEnabledFor(25)), lambda v: log.setLevel(40 - int(v) * 10)


def _precision():
    with decimal.localcontext():
        decimal.getcontext().prec = 28
    return (lambda: 1.0 + (decimal.getcontext().prec == 5)), lambda v: setattr(
        decimal.getcontext(), "prec", 5 if v > 1 else 28
    )


LINE, PART = nn.Linear(1, 1), functools.partial(float)
LOG, MEMBER = logging.getLogger("of a user"), enum.Enum("Own", "A").A
#: What is the package's, or installed, and reads what a user puts on it; and what that is, if it is no number.
PUT_ON = {
    "Tensor": (Tensor, lambda: Tensor.put_on), "a Tensor's class": (Tensor, lambda: LINE.weight.put_on),
    "Parameter": (nn.Parameter, lambda: nn.Parameter.put_on), "Module": (nn.Module, lambda: nn.Module.put_on),
    "an ancestor": (nn.Module, lambda: nn.Linear.put_on), "a layer's class": (nn.Linear, lambda: LINE.put_on),
    "a computed name on Tensor": (Tensor, lambda: getattr(Tensor, "put" + "_on")),
    "a name that may be there": (nn.Linear, lambda: getattr(nn.Linear, "put_on", 1.0)),
    "Function": (tinygrad_tf.Function, lambda: tinygrad_tf.Function.put_on),
    "an optimiser's class": (tinygrad_tf.optim.SGD, lambda: tinygrad_tf.optim.SGD.put_on),
    "the package": (tinygrad_tf, lambda: tinygrad_tf.put_on), "a partial's": (PART, lambda: PART.put_on),
    "a logger's": (LOG, lambda: LOG.put_on), "a member": (MEMBER, lambda: MEMBER.put_on),
    "a property": (nn.Parameter, lambda: LINE.weight.put_on, lambda v: property(lambda self: v)),
    "a method": (Tensor, lambda: LINE.weight.put_on(), lambda v: lambda self: v),
    "a static method": (nn.Module, lambda: LINE.put_on(), lambda v: staticmethod(lambda: v)),
}  # fmt: skip


@pytest.mark.parametrize("name", PUT_ON)
def test_what_a_user_puts_on_the_package_s_own_is_looked_at(name, monkeypatch):
    target, read, *made = PUT_ON[name]
    call, found, last = quiet(lambda x: x * read()), [], None
    for v in (1.0, 1.0, 2.0, 2.0, 3.0):
        if v != last:
            monkeypatch.setattr(target, "put_on", made[0](v) if made else v, raising=False)
        last = v
        found.append(call(t(1.0)).item())
    assert found == [1.0, 1.0, 2.0, 2.0, 3.0]


def test_a_list_that_a_user_puts_on_a_class_is_looked_at(monkeypatch):
    monkeypatch.setattr(nn.Module, "put_on", [1.0], raising=False)
    call = quiet(lambda x: x * nn.Module.put_on[0])
    assert call(t(1.0)).item() == call(t(1.0)).item() == 1.0
    nn.Module.put_on[0] = 2.0
    assert call(t(1.0)).item() == 2.0


#: What makes a function without arguments, and one that changes what the first is to give.
REACHED = {
    **{f"Holder: {name}": within(read) for name, read in {
        "[]": lambda h: h[0], "float": float, "len": len, "for": sum, "with": _entered, "super": lambda h: h.value(),
    }.items()},
    "a namespace": _slot(lambda: types.SimpleNamespace(k=1.0), lambda x: x.k),
    "a thread's own": _slot(threading.local, lambda x: getattr(x, "k", 1.0)),
    "a weak reference": lambda: (lambda h: (lambda w: ((lambda: w().v), lambda v: setattr(h, "v", v)))(
        weakref.ref(h)))(Holder()),
    "a deque": _place(lambda: collections.deque([1.0])), "an array": _place(lambda: array.array("d", [1.0])),
    "bytes that change": lambda: (lambda b: ((lambda: b[0]), lambda v: b.__setitem__(0, int(v))))(bytearray(b"\1")),
    "a number of C's": lambda: (lambda c: ((lambda: c.value), attribute(c, "value")))(ctypes.c_double(1.0)),
    "a proxy": _behind(types.MappingProxyType, lambda x: x["k"]),
    "a chain": _behind(collections.ChainMap, lambda x: x["k"]),
    "values": _behind(dict.values, sum), "a bound method of C's": _behind(lambda x: x.get, lambda x: x("k")),
    "attrgetter": lambda: (lambda h, g: ((lambda: g(h)), attribute(h)))(Holder(), operator.attrgetter("v")),
    "vectorize": _behind(lambda x: np.vectorize(lambda a: a * x["k"]), lambda u: float(u(1.0))),
    "a class's list": _class(Holder), "an ancestor's list": _class(Heir), "the list of a class": _class(lambda: Heir),
    "a descriptor": _descriptor, "a metaclass": _metaclass, "a computed name": _computed_name,
    "__getattr__": lambda: (lambda e: ((lambda: e.k), item(e.known, "k")))(Elsewhere()),
    "what comes later": _comes_later, "a method that is put on": _method_put_on, "another class": _class_changed,
    "an object made inside": _made_inside, "a module made inside": _module_made_inside,
    "a decorator of ours": _decorated, "an installed decorator": _decorated_by_an_installed_package,
    "a method of an installed class": _method_of_an_installed_class, "an heir of Python's": _within_an_installed_class,
    "contextmanager": _managed, "lru_cache": _cached, "a name that has no value yet": _cell, "a builtin": _builtin,
    "a builtin, everywhere": _builtin_everywhere, "globals()": _globals, "import": _module(_import),
    "from … import": _module(_from_import), "a context variable": _variable, "a flag": _flag, "a mask": _mask,
    "a dict with a value": _dict_with_a_value, "a parser": _configured, "a partial": _partial,
    "an attribute of a compiled one": _compiled_attribute, "what is cached": _what_is_cached,
    "a computed test": _computed_test, "sys.argv": _argv,
    "sys.modules": _of_a_module(lambda: sys.modules["a_module_of_settings"].k),
    "import_module": _of_a_module(lambda: importlib.import_module("a_module_of_settings").k),
    "a function's globals": _function_s_globals, "heirs": _heirs, "what is registered": _registered,
    "an heir of deque": _own(collections.deque, [1.0]), "an heir of bytearray": _own(bytearray, b"\1"),
    "an heir of float": _number_with(float, 1.0), "an heir of str": _number_with(str, "a"),
    "a text": _text(str), "a text of an f-string": _text(lambda x: f"{x}"),
    "replace": _made_again(dataclasses.replace), "another of its class": _made_again(lambda x: x.__class__()),
    "type()": _made_again(lambda x: type(x)()), "a module that computes": _dynamic_module,
    "a list in a library": _library_list, "an order": _order, "a member of a set": _member,
    "an entry of a large table": _entry_of_a_table, "a logger's level": _level, "a context of decimals": _precision,
    "os.environ": lambda: ((lambda: float(os.environ.get("A_SETTING", 1.0))),
                           lambda v: os.environ.__setitem__("A_SETTING", str(v))),
    "print options": lambda: ((lambda: float(np.array2string(np.array(1.25))) - 0.25),
                              lambda v: v > 1 and np.set_printoptions(formatter={"float": lambda x: "2.25"})),
    "os.getenv": lambda: ((lambda: float(os.getenv("A_SETTING", "1.0"))),
                          lambda v: os.environ.__setitem__("A_SETTING", str(v))),
    "a variable that is there": lambda: ((lambda: 1.0 + ("ANOTHER_SETTING" in os.environ)),
                                         lambda v: v > 1 and os.environ.__setitem__("ANOTHER_SETTING", "")),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHED)
def test_what_is_reached_by_name_is_looked_at_or_refused(name, monkeypatch):
    monkeypatch.setattr(builtins, "sum", sum)  # puts these back
    monkeypatch.setattr(np, "a_list_of_a_user", None, raising=False)
    monkeypatch.setattr(sys, "argv", ["", "1.0"])
    monkeypatch.setenv("A_SETTING", "1.0")
    monkeypatch.setenv("ANOTHER_SETTING", "")
    del os.environ["ANOTHER_SETTING"]
    monkeypatch.setitem(globals(), "len", len)
    for module in ("a_module_of_settings", "an_installed_module"):
        monkeypatch.setitem(sys.modules, module, None)
    read, change = REACHED[name]()
    call = quiet(lambda x: x * read())
    found = []
    for v in (1.0, 1.0, 2.0, 2.0):
        change(v) if v > 1 or name not in ("a builtin", "a builtin, everywhere") else None
        found.append(call(t(1.0)).item())
    monkeypatch.undo()
    np.set_printoptions(formatter=None)
    decimal.getcontext().prec = 28
    assert found == [1.0, 1.0, 2.0, 2.0]


OLD = np.random.RandomState(0)
DRAWS = [
    lambda x: x * np.random.default_rng().random(),
    lambda x: x * (uuid.uuid4().int % 999),
    lambda x, clock=time.perf_counter_ns: x * (clock() % 10**9),
    lambda x: x * float(OLD.rand()),
    lambda x: x * np.random.Generator(np.random.PCG64()).random(),
    lambda x: x * (timeit.default_timer() % 1e-3),
    lambda x: x * (time.clock_gettime_ns(1) % 999_983),
    lambda x, now=time.clock_gettime_ns: x * (now(1) % 999_983),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_what_is_another_number_at_each_call_is_refused(draw):
    call = quiet(draw)
    assert len({call(t(1.0)).item() for _ in range(6)}) > 1


# ---- arguments ------------------------------------------------------------------------------------------------------


class Listed(list):
    pass


class Tupled(tuple):
    __slots__ = ()


ARGUMENTS = {
    "a namespace": (lambda: types.SimpleNamespace(k=0.0), lambda x, v: setattr(x, "k", v), lambda x: x.k),
    "an ordered dict": (lambda: collections.OrderedDict(k=0.0), lambda x, v: x.__setitem__("k", v), lambda x: x["k"]),
    "an ordered dict of arrays": (lambda: collections.OrderedDict(k=np.zeros(1, "f4")),
                                  lambda x, v: x.__setitem__("k", np.full(1, v, "f4")), lambda x: x["k"]),
    "a list of one's own": (lambda: Listed([0.0]), lambda x, v: x.__setitem__(0, v), lambda x: x[0]),
    "a tuple of one's own": (lambda: Tupled([np.zeros(1, "f4")]), lambda x, v: x[0].fill(v), lambda x: x[0]),
    "a deque": (lambda: collections.deque([0.0]), lambda x, v: x.__setitem__(0, v), lambda x: x[0]),
    "an array that is a file": (lambda: np.zeros(1, "f4").view(np.memmap), lambda x, v: x.fill(v), lambda x: x),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_changes_is_looked_at(name):
    make, change, read = ARGUMENTS[name]
    given, call = make(), quiet(lambda x, y: x * read(y))
    for v in (1.0, 1.0, 2.0, 3.0):
        change(given, v)
        assert call(t(1.0), given).item() == v


def test_marks_of_python_s_are_no_reason_to_refuse():
    missing = dataclasses.MISSING
    run = tinygrad_tf.compile(lambda x: x * (2.0 if missing is dataclasses.MISSING else 3.0), fullgraph=True)
    assert run(t(1.0)).item() == run(t(1.0)).item() == 2.0


class Mode(enum.Enum):
    WIDE = 1


@dataclasses.dataclass
class Settings:
    width: int = 2
    names: tuple = ("a",)
    more: dict = dataclasses.field(default_factory=dict)


class Block(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.settings, self.line, self.mode = settings, nn.Linear(2, 2), Mode.WIDE

    def forward(self, x):
        logging.getLogger(__name__).debug("forward of %s", x.shape)
        if os.environ.get("DEBUG_A_MODEL") or os.getenv("DEBUG_IT"):
            print(x.shape)
        assert x.shape[-1] == self.settings.width, f"{x.shape} is not of {self.settings}"
        y = self.line(x) / math.sqrt(self.settings.width) if self.mode is Mode.WIDE else x
        return functools.reduce(operator.add, [y] * 2) * np.float32(2)


def test_what_models_are_made_of_is_no_reason_to_refuse():
    net = nn.Sequential(Block(Settings()), Block(Settings()))
    call, x = tinygrad_tf.compile(net, fullgraph=True), Tensor(np.ones((1, 2), np.float32))
    assert call(x).tolist() == call(x).tolist() == net(x).tolist()
    assert len(call.programs) == 1


def test_a_masked_array_is_refused_as_a_tensor_of_it_is():
    with pytest.raises(TypeError, match="a Tensor has no mask"):
        quiet(lambda x, y: x * y)(t(1.0), np.ma.masked_array([1.0, 2.0], [False, True]))


def test_arguments_that_are_equal_and_not_alike():
    call = quiet(lambda x, z: x * float(np.arctan2(z.imag, z.real)))
    assert call(t(1.0), complex(-1, 0.0)).item() == -call(t(1.0), complex(-1, -0.0)).item()
    call = quiet(lambda x: x * (2 if isinstance(x, nn.Parameter) else 3))
    assert [call(kind([1.0])).item() for kind in (nn.Parameter, Tensor, nn.Parameter)] == [2.0, 3.0, 2.0]


STORED = {"__builtins__": builtins}
exec("def store(x):\n    global LAST\n    y = x * 2\n    LAST = y\n    return y", STORED)


def _stored_by_a_computed_name(x, holder=Holder(), name="LAST"):  # noqa: B008
    y = x * 2
    setattr(holder, name.lower(), y)
    return y


STORES = {
    "a global": (STORED["store"], lambda: STORED["LAST"]),
    "a computed name": (_stored_by_a_computed_name, lambda: _stored_by_a_computed_name.__defaults__[0].last),
}


@pytest.mark.parametrize("name", STORES)
def test_what_is_stored_is_stored_by_each_call(name):
    store, stored = STORES[name]
    call = quiet(store)
    for v in (1.0, 2.0, 3.0):
        assert call(t(v)).item() == stored().item() == 2 * v


def _raising(x):
    with np.errstate(all="raise"):
        return x / (x - 1)


def test_settings_of_numpy_s_errors_that_are_made_inside_are_kept():
    call = quiet(_raising)
    assert call(t(2.0)).item() == call(t(2.0)).item() == 2.0
    with pytest.raises(FloatingPointError):
        call(t(1.0))


def test_the_class_of_a_tensor_is_its_own_while_it_is_traced():
    for ask in (lambda x: x * 2 if type(x) is Tensor else x, lambda x: x * 2 if x.__class__ is Tensor else x):
        call = quiet(ask)
        assert call(t(1.0)).item() == call(t(1.0)).item() == 2.0


def test_a_list_that_others_have_is_returned_itself():
    held = [1.0]
    call = quiet(lambda x: {"y": x * 2, "held": held})
    assert all(call(t(1.0))["held"] is held for _ in range(3))


# ---- modules --------------------------------------------------------------------------------------------------------


CHANGES = [
    lambda m, patch: setattr(m[0], "__class__", nn.Tanh),
    lambda m, patch: patch.setattr(nn.ReLU, "forward", lambda self, x: x * 7),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_module_that_becomes_another_is_looked_at(change, monkeypatch):
    net = nn.Sequential(nn.ReLU())
    call, x = quiet(net), t(-1.0, 1.0)
    assert call(x).tolist() == call(x).tolist() == [0.0, 1.0]
    change(net, monkeypatch)
    assert call(x).tolist() == net(x).tolist() != [0.0, 1.0]
