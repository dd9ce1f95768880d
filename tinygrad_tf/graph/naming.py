"""One name for each value of a graph: the user's, or a numbered one.

A name that was given (``name="W"``) comes first, then that of the variable or the attribute which the result of a call
was stored in, then that of a variable where the graph is drawn. What is left is numbered in order of making: A₁, A₂ …
Equal names in different modules get the levels of the path that tell them apart (``layers.0.Q``, ``layers.1.Q``); equal
names in one place are numbered (h₁, h₂ …).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from ..autograd.places import Scope, is_ours
from ..autograd.tensor import Tensor
from ..formula import Names
from ..wording.texts import MOST, capped, clean, isolated, named
from .callsite import argument, callee, names_of, only_argument, owner

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS = "ABCDEFGH"
LONGEST, LONGEST_PATH = 40, 120  # characters; longer names are cut in the middle
_MOST_CHOICES = 200_000  # of levels of paths, which are compared: of a path with 30 levels there are 2³⁰


def levels(path: str) -> tuple[str, ...]:
    """The modules of a path, from the outside in; the number of a layer belongs to its list: encoder, layers.0."""
    found: list[str] = []
    for part in path.split(".") if path else ():
        if part.isdigit() and found:
            found[-1] += f".{part}"
        else:
            found.append(part)
    return tuple(found)


def names_for(tensors: Sequence[Tensor], loss: Tensor, variables: Mapping[int, str], paths: Mapping[int, str],
              called: Mapping[int, str]) -> Names:  # fmt: skip
    """The name of each of ``tensors`` (oldest first) by its ``number``; plain numbers have none.

    ``variables`` are those where the graph is drawn (``id(tensor)`` → name), ``paths`` says which module each is in,
    ``called`` has the names that were given for this graph.
    """
    whole = {**_given(tensors, variables), **{n: clean(name).strip() for n, name in called.items() if named(name)}}
    given = {n: capped(name) for n, name in whole.items()}
    given.setdefault(loss.number, "L" if "L" not in given.values() else "")
    _tell_layers_apart(tensors, given, paths)
    first = {t.number for t in tensors if t.name} | called.keys()
    told = _told_apart({n: (paths.get(n, ""), name) for n, name in given.items() if name}, first)
    names = Names(_cut(told))
    names.whole = {n: whole[n] if len(whole.get(n, "")) > MOST else name for n, name in told.items()
                   if names[n] != isolated(name) or len(whole.get(n, "")) > MOST}  # fmt: skip
    shown = set(names.values())
    for number, name in names.items():
        if name[0] == "d" and name[1:].strip() in shown:
            names[number] = _numbered(name, 1)  # a variable dX beside X
    rest = [t for t in tensors if t.number not in names and not _is_number(t)]
    used = set(names.values())
    letter = next((a for a in _LETTERS if a not in given.values()), "A")
    free = (name for k in itertools.count(1) if (name := _numbered(letter, k)) not in used)
    names.update({t.number: name for t, name in zip(rest, free, strict=False)})
    names.unnamed.update(t.number for t in rest)
    return names


def _is_number(t: Tensor) -> bool:
    return t.op is None and t.ndim == 0 and not t.requires_grad


def _given(tensors: Sequence[Tensor], variables: Mapping[int, str]) -> dict[int, str]:
    """What the user calls each Tensor, as far as he has a name for it."""
    found = _stored(tensors)
    for t in tensors:
        if t.name:
            found[t.number] = t.name
        elif t.number not in found and id(t) in variables:
            found[t.number] = variables[id(t)]
    first: dict[int, int] = {}  # the first result of each call of a module that is not made of weights alone
    for Y in tensors:  # what only its uses have a name for: an argument of a function that has returned
        scope = Y.scope if any(type(x) is Tensor for x in Y.inputs) else None
        while isinstance(scope, Scope) and id(scope) not in first:
            first[id(scope)], scope = Y.number, scope.outer
        for i, x in enumerate(Y.inputs):
            if x.op is None and not found.get(x.number) and not _is_number(x):
                found[x.number] = _argument(Y, i, first) or ""
    return {number: clean(str(name)).strip() for number, name in found.items() if named(name)}


def _stored(tensors: Sequence[Tensor]) -> dict[int, str]:
    """The names that results were stored under; of several from one call each gets the one in its place."""
    found: dict[int, str] = {}
    several: dict[tuple[object, ...], list[Tensor]] = defaultdict(list)
    for t in tensors:
        names = names_of(t.site) if t.op is not None and t.site is not None else ()
        if len(names) == 1:
            found[t.number] = names[0] or ""
        elif names:
            several[(*t.site, id(_outermost(t.scope, t.site)))].append(t)
    for parts in several.values():
        names = names_of(parts[0].site)
        if len(parts) % len(names) == 0:
            found.update({t.number: names[i % len(names)] or "" for i, t in enumerate(parts)})
    return found


def _outermost(scope: object, site: tuple[object, ...]) -> object:
    """The call of the module around ``site``: what one call unpacks is not mixed with what another does."""
    while isinstance(scope, Scope) and scope.site is not None and scope.site[:2] in (site[:2], site[2:4]):
        scope = scope.outer
    return scope


def _argument(Y: Tensor, i: int, first: Mapping[int, int]) -> str | None:
    """What the code calls input ``i`` where ``Y`` was made, or where a layer was called that did nothing before."""
    scope = Y.scope
    while i == 0 and isinstance(scope, Scope) and scope.site is not None and first.get(id(scope)) == Y.number:
        if not is_ours(scope.site[0]):
            return only_argument(scope.site)
        scope = scope.outer
    return None if Y.site is None or Y.op is None else argument(Y.site, i, Y.op.name)


def shortened(name: str, most: int = 30) -> str:
    """A name in one line, cut in the middle; one that runs from right to left is kept apart from what is around it."""
    return isolated(capped(clean(name), most))


def _cut(names: Mapping[int, str]) -> dict[int, str]:
    """Long names cut in the middle, but for those that are equal then."""
    cut = {n: shortened(name, LONGEST_PATH if "." in name else LONGEST) for n, name in names.items()}
    seen = Counter(cut.values())
    return {n: name if seen[name] == 1 else shortened(names[n], len(names[n])) for n, name in cut.items()}


def _numbered(name: str, k: int) -> str:
    return name + str(k).translate(_SUBSCRIPT)


def _tell_layers_apart(tensors: Sequence[Tensor], given: dict[int, str], paths: Mapping[int, str]) -> None:
    """Call the parameters of layers that were called one by one by those, too: enc.weight, head.weight."""
    roots: dict[int, str] = {}
    for Y in tensors:
        for x in Y.inputs:
            within = isinstance(Y.scope, Scope) and Y.scope.site is not None  # elsewhere its name is enough
            if within and type(x) is not Tensor and x.number not in roots:
                roots[x.number] = root_of(Y.scope)
    if len(set(roots.values())) < 2 and max(Counter(given.get(n) for n in roots).values(), default=0) < 2:
        return
    places = Counter((root, given.get(n)) for n, root in roots.items())
    seen: Counter[tuple[str, str | None]] = Counter()
    for number, root in sorted(roots.items()):
        key = root, given.get(number)
        seen[key] += 1
        if key[1]:
            given[number] = f"{_numbered(root, seen[key]) if places[key] > 1 else root}.{key[1]}"


def root_of(scope: Scope) -> str:
    """What the module is called that was called from outside of all modules: by its variable, else by its class."""
    while scope.outer is not None and isinstance(scope.outer, Scope) and scope.outer.site is not None:
        scope = scope.outer
    called = owner if scope.method != "__call__" else callee  # of model.loss(x), model
    return (scope.site and called(scope.site)) or scope.kind


def _told_apart(given: Mapping[int, tuple[str, str]], first: Set[int]) -> dict[int, str]:
    """Names that are different, of (path, name) by number in order of making.

    Of equal names in one place that of the only one among ``first`` stays as it is; the others are numbered.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, (_, name) in given.items():
        by_name[name].append(number)
    found: dict[int, str] = {}
    used = set(by_name)
    for name, numbers in by_name.items():
        prefix = _prefixes({given[n][0] for n in numbers}) if "." not in name else {}
        places: dict[str, list[int]] = defaultdict(list)
        for n in sorted(numbers):
            places[f"{prefix.get(given[n][0], '')}{name}"].append(n)
        for whole, here in places.items():
            plain = [n for n in here if n in first] if len(here) > 1 else here
            if len(plain) == 1 and (whole == name or whole not in used):
                found[plain[0]] = whole
                used.add(whole)
                here.remove(plain[0])
            free = (x for k in itertools.count(1) if (x := _numbered(whole, k)) not in used)
            for n, one in zip(here, free, strict=False):
                found[n] = one
            used.update([found[n] for n in here])
    return found


def _prefixes(paths: Iterable[str]) -> dict[str, str]:
    """For each path the fewest of its levels that no other path has in this order, with a dot behind; else all."""
    ways = {path: levels(path) for path in paths}
    found: dict[str, str] = {}
    for n in range(1 + max(map(len, ways.values()), default=0)):
        if len(found) == len(ways) or sum(math.comb(len(way), n) for way in ways.values()) > _MOST_CHOICES:
            break
        counted = Counter(part for way in ways.values() for part in set(itertools.combinations(way, n)))
        for path in ways.keys() - found.keys():
            one = next((part for part in itertools.combinations(ways[path], n) if counted[part] == 1), None)
            if one is not None:
                found[path] = "".join([f"{level}." for level in one])
    return {path: found.get(path, "".join([f"{level}." for level in way])) for path, way in ways.items()}
