"""Files as accidents and others leave them: bytes changed, cut off, moved; JSON with other values in its places."""

import copy
import json
import time
import tracemalloc

#: What is put in: bytes that mean something in a pickle, in an archive, in JSON.
TOKENS = [
    b"(", b")", b".", b"0", b"2", b"]", b"}", b"\x85", b"\x86", b"\x87", b"a", b"e", b"s", b"u", b"t", b"l", b"d", b"R",
    b"b", b"Q", b"h\x00", b"h\x05", b"q\x00", b"q\x05", b"N", b"\x88", b"K\x02", b"J\xff\xff\xff\x7f",
    b"J\xff\xff\xff\xff",
    b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"X\xff\xff\xff\xff", b"G\x7f\xf0\x00\x00\x00\x00\x00\x00", b"\x81",
    b"cos\nsystem\n", b"ccollections\nOrderedDict\n", b"c__builtin__\nset\n", b"ctorch\nSize\n", b"cnumpy\nndarray\n",
    b"PK\x01\x02", b"PK\x05\x06", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"[", b"{", b'"', b"[0]", b"[-1]", b"null",
    b"1e999", b"-1", b"99999999999999999999", b"true",
]  # fmt: skip


def altered(content, rng):
    """The content with one to three changes."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randrange(len(found) + 1), rng.choice([1, 1, 2, 4, 16, 200])
        way = rng.randrange(7)
        if way == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif way == 1 and at < len(found):
            found[at] = rng.randrange(256)
        elif way == 2:
            found[at:at] = rng.choice(TOKENS)
        elif way == 3:
            token = rng.choice(TOKENS)
            found[at : at + len(token)] = token
        elif way == 4:
            del found[at : at + length]
        elif way == 5:
            start = rng.randrange(len(found) + 1)
            found[at:at] = found[start : start + length]
        elif rng.random() < 0.2:
            del found[at:]
    return bytes(found)


#: What is put into JSON in place of a value: other types, other sizes, what only some readers take.
VALUES = [
    None, True, False, 0, 1, -1, 2, 7, 2**31, 2**53, 2**63, 10**18, 10**30, 10**400, 0.5, 2.0, -0.0, 1e-320, 1e38,
    1e300, float("nan"), float("inf"), float("-inf"), "", "a", "0", "nan", "x" * 300, "../x", "/etc/passwd", "a\0b",
    "\ud800", "\n", "__proto__", [], {}, [[]], [None], [1, "a"], ["a"] * 100, [1.5] * 3, {"a": 1}, {"": {}},
    {"kind": "SGD"}, {"shape": [10**9, 10**9]}, [0, -1],
]  # fmt: skip


def json_altered(obj, rng):
    """Plain data with one to three changes: a value is another, is gone, is somewhere else, or has another name."""
    obj = {"": copy.deepcopy(obj)}
    for _ in range(rng.randint(1, 3)):
        inside = [c for c in _containers(obj[""]) if c]
        container = rng.choice(inside) if inside and rng.random() < 0.95 else obj
        key = rng.choice(list(container) if isinstance(container, dict) else range(len(container)))
        way = rng.randrange(8)
        if way == 0 and container is not obj:
            del container[key]
        elif way == 1 and container is not obj and isinstance(container, dict):
            container[rng.choice([f"{key}x", "", "0", "x" * 300, "a.b", str(key).upper()])] = container.pop(key)
        elif way == 2:
            container[key] = copy.deepcopy(rng.choice(inside)) if inside else []
        elif way == 3 and isinstance(container[key], (int, float)) and abs(container[key]) < 1e30:
            container[key] = rng.choice(
                [container[key] + 1, -container[key], container[key] * 1.5, container[key] * 10**6]
            )
        elif way == 4 and isinstance(container, list):
            container.insert(key, rng.choice(VALUES))
        else:
            container[key] = copy.deepcopy(rng.choice(VALUES))
    return obj[""]


def _containers(obj):
    if isinstance(obj, (dict, list)):
        yield obj
        for value in obj.values() if isinstance(obj, dict) else obj:
            yield from _containers(value)


def written(obj, rng):
    """JSON text of plain data; now and then nested without end."""
    text = json.dumps(obj)
    if rng.random() < 0.01:
        text = text.replace("null", "[" * 5000, 1)
    return text.encode()


def within_bounds(call, size, case):
    """What ``call`` gives. It takes at most 5 s of the processor, and twice the files' size and 20 MB of memory."""
    tracemalloc.start()
    try:
        start = time.process_time()
        found = call()
        assert time.process_time() - start < 5, case
        assert tracemalloc.get_traced_memory()[1] < 2 * size + 20_000_000, case
    finally:
        tracemalloc.stop()
    return found
