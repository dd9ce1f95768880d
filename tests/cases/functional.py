"""Rows of what nn.functional composes itself, and of the engine's own under PyTorch's roof."""

from .case import Case, away, bools, form, given, ints, normal, positive

X, POSITIVE = normal(2, 3), positive(2, 4)


def of(name: str, note: str, *inputs, order: int = 2, op: str | None = None, **params) -> Case:
    return form(op or f"nn.functional.{name}", f"{name}, {note}",
                lambda t, *xs: getattr(t.nn.functional, name)(*xs, **params), *inputs, order=order)  # fmt: skip


COMPOSED = [
    of("softmax", "dim", X, dim=-1, op="softmax"),
    of("softmax", "dtype", X, dim=0, order=0, op="softmax"),
    form("softmax", "functional, dtype", lambda t, x: t.nn.functional.softmax(x, 1, dtype=t.float64), X),
    of("log_softmax", "dim", X, dim=1, op="log_softmax"),
    form("log_softmax", "functional, dtype", lambda t, x: t.nn.functional.log_softmax(x, dim=1, dtype=t.float64), X),
    of("softmin", "dim", X, dim=1),
    of("softsign", "inside", away(2, 3)),
    of("softsign", "at 0", given([0.0]), order=0),
    of("tanhshrink", "inside", X),
    of("celu", "inside", away(2, 3)),
    of("celu", "alpha", away(2, 3), alpha=0.5),
    of("prelu", "one weight", away(2, 3), given([0.3])),
    of("prelu", "a weight for each channel", away(2, 3), normal(3)),
    of("prelu", "positions", away(2, 3, 2), normal(3)),
    of("glu", "last axis", normal(3, 4)),
    of("glu", "first axis", normal(4, 3), dim=0),
    form("rms_norm", "F, plain", lambda t, x: t.nn.functional.rms_norm(x, (3,)), X),
    form("rms_norm", "F, weight and eps", lambda t, x, w: t.nn.functional.rms_norm(x, (3,), w, 1e-3), X,
         positive(3)),
    form("rms_norm", "F, two axes", lambda t, x: t.nn.functional.rms_norm(x, (2, 3), eps=1e-5),
         normal(2, 2, 3)),
    of("normalize", "rows", X),
    of("normalize", "p=1, first axis", away(2, 3), p=1.0, dim=0),
    of("normalize", "last axis", normal(2, 2, 3), dim=-1),
    of("normalize", "at 0", given([[0.0, 0.0], [3.0, 4.0]]), order=0),
    of("cosine_similarity", "rows", X, normal(2, 3)),
    of("cosine_similarity", "last axis", normal(2, 2, 3), normal(2, 2, 3), dim=-1),
    of("cosine_similarity", "at 0", given([[0.0, 0.0], [3.0, 4.0]]), normal(2, 2), order=0),
    of("pairwise_distance", "rows", X, normal(2, 3)),
    of("pairwise_distance", "p=1, kept", X, normal(2, 3), p=1.0, keepdim=True),
]  # fmt: skip

REEXPORTED = [
    of("gelu", "exact", X, op="gelu"),
    of("gelu", "tanh", X, op="gelu", approximate="tanh"),
    of("sigmoid", "inside", X, op="sigmoid"),
    of("tanh", "inside", X, op="tanh"),
    form("linear", "F", lambda t, x, w, b: t.nn.functional.linear(x, w, b), X, normal(4, 3), normal(4)),
    form("layer_norm", "F", lambda t, x, w, b: t.nn.functional.layer_norm(x, (3,), w, b, 1e-3), X, positive(3),
         normal(3)),
    form("embedding", "F", lambda t, i, w: t.nn.functional.embedding(i, w), ints(4, 2, 3), normal(4, 2)),
    form("dropout", "F, off", lambda t, x: t.nn.functional.dropout(x, 0.5, training=False) * 1, X),
    form("scaled_dot_product_attention", "F, scale",
         lambda t, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, scale=0.3), normal(2, 4),
         normal(3, 4), normal(3, 2)),
    form("scaled_dot_product_attention", "F, by keywords",
         lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=m),
         normal(2, 4), normal(3, 4), normal(3, 2), bools(1, 3)),
    form("softmax", "torch.softmax", lambda t, x: t.softmax(x, dim=1) + t.log_softmax(x, 1), X),
]  # fmt: skip

CASES: list[Case] = [*COMPOSED, *REEXPORTED]
