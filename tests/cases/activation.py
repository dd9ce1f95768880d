"""Rows of the functions between layers, kinks and far ends included."""

import tinygrad_tf

from .case import Case, away, form, given, normal

FLOATS = normal(2, 3)
FAR = given([-1000.0, -50.0, -4.0, 0.7, 4.0, 50.0, 1000.0])
AT_0 = given([0.0, -1.0, 1.0])


def each(name: str, *params: float, kink: bool = True, method: bool = False) -> list[Case]:
    """A function of torch.nn.functional: inside, far out, at 0 and without axes; and as a method."""

    def call(t, x):
        return getattr(t.nn.functional, name)(x, *params)

    rows = [
        form(name, "inside", call, away(2, 3)),
        form(name, "no axes", call, normal()),
        form(name, "far out", call, FAR),
        form(name, "kink", call, AT_0, order=0) if kink else form(name, "at 0", call, AT_0),
    ]
    return rows + ([form(name, "as a method", lambda t, x: getattr(x, name)(), away(2, 3))] if method else [])


SMOOTH = [
    form("silu", "F", lambda t, x: t.nn.functional.silu(x), away(2, 3)),
    *each("mish", kink=False),
    *each("softplus", kink=False),
    *each("logsigmoid", kink=False),
    form("logsigmoid", "bytes", lambda t, k: t.nn.functional.logsigmoid(k if t is tinygrad_tf else k.float()),
         given([0, 1, 5], "uint8")),
    form("softplus", "sharper", lambda t, x: t.nn.functional.softplus(x, beta=3.0), FLOATS),
    form("softplus", "beyond the threshold", lambda t, x: t.nn.functional.softplus(x, 2.0, 5.0),
         given([2.4, 2.6, 100.0, -100.0])),
    form("softplus", "just below the threshold", lambda t, x: t.nn.functional.softplus(x), given([19.9, 20.0, 20.1]),
         order=0),
]  # fmt: skip

KINKED = [
    *each("relu", method=True),
    *each("relu6"),
    *each("leaky_relu"),
    *each("elu"),
    *each("selu"),
    *each("hardtanh"),
    *each("hardswish"),
    form("relu", "torch.relu", lambda t, x: t.relu(x), away(2, 3)),
    form("leaky_relu", "steeper", lambda t, x: t.nn.functional.leaky_relu(x, 0.3), away(2, 3)),
    form("leaky_relu", "by keyword", lambda t, x: t.nn.functional.leaky_relu(x, negative_slope=0.3), away(2, 3)),
    form("elu", "alpha", lambda t, x: t.nn.functional.elu(x, alpha=0.5), away(2, 3)),
    form("relu6", "at the bounds", lambda t, x: t.nn.functional.relu6(x), given([0.0, 6.0, 3.0, 7.0]), order=0),
    form("hardtanh", "at the bounds", lambda t, x: t.nn.functional.hardtanh(x), given([-1.0, 1.0]), order=0),
    form("hardtanh", "other bounds", lambda t, x: t.nn.functional.hardtanh(x, min_val=-0.5, max_val=0.2),
         given([-0.6, 0.1, 0.4])),
    form("hardswish", "at the bounds", lambda t, x: t.nn.functional.hardswish(x), given([-3.0, 3.0, 2.9]), order=0),
    # torch.nn.functional.hardsigmoid multiplies gradients in float64 by 1/6 in float32, hence the formula instead.
    form("hardsigmoid", "inside", lambda t, x: _hardsigmoid(t, x), normal(2, 3)),
    form("hardsigmoid", "no axes", lambda t, x: _hardsigmoid(t, x), normal()),
    form("hardsigmoid", "at the bounds", lambda t, x: _hardsigmoid(t, x), given([-3.0, 3.0, 2.9]), order=0),
    form("hardsigmoid", "far out", lambda t, x: _hardsigmoid(t, x), FAR),
]  # fmt: skip


def _hardsigmoid(t, x):
    if t.__name__ == "tinygrad_tf":
        return t.nn.functional.hardsigmoid(x)
    return t.nn.functional.relu6(x + 3) / 6


CASES: list[Case] = [*SMOOTH, *KINKED]
