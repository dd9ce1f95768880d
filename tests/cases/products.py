"""Rows of products: matrices, vectors, and einsum with every kind of expression."""

import tinygrad_tf as t

from .case import Case, form, ints, normal, row, torch

MATRICES = [
    form("matmul", "both libraries' function", lambda t, x, w: t.matmul(x, w), normal(2, 3), normal(3, 2)),
    form("matmul", "mm", lambda t, x, w: t.mm(x, w) + x.mm(w), normal(2, 3), normal(3, 2)),
    form("matmul", "bmm", lambda t, x, w: t.bmm(x, w) + x.bmm(w), normal(2, 2, 3), normal(2, 3, 2)),
    form("matmul", "mv", lambda t, x, w: t.mv(x, w), normal(2, 3), normal(3)),
    form("matmul", "method", lambda t, x, w: x.matmul(w), normal(2, 2, 3), normal(3)),
    form("matmul", "integers", lambda t, a, b: a @ b, ints(5, 2, 3), ints(5, 3, 2)),
    form("dot", "function", lambda t, x, w: t.dot(x, w), normal(3), normal(3)),
    form("dot", "method", lambda t, x, w: x.dot(w), normal(3), normal(3)),
    form("inner", "function", lambda t, x, w: t.inner(x, w), normal(2, 3), normal(2, 4, 3)),
    form("inner", "method", lambda t, x, w: x.inner(w), normal(3), normal(3)),
    form("inner", "a number", lambda t, x, w: t.inner(x, w), normal(2, 3), normal()),
    form("kron", "function", lambda t, x, w: t.kron(x, w), normal(2, 3), normal(3, 2)),
    form("kron", "method", lambda t, x, w: x.kron(w), normal(2), normal(2, 1, 3)),
    form("kron", "a number", lambda t, x, w: t.kron(x, w), normal(), normal(2)),
    form("kron", "integers", lambda t, a, b: t.kron(a, b), ints(5, 2, 2), ints(5, 3)),
    form("cross", "dim", lambda t, x, w: t.cross(x, w, dim=1), normal(2, 3, 2), normal(2, 3, 2)),
    form("cross", "method, stretched", lambda t, x, w: x.cross(w, dim=-1), normal(2, 1, 3), normal(1, 4, 3)),
    row("cross", "the last axis", lambda x, w: t.cross(x, w), normal(3, 3), normal(3),
        theirs=lambda x, w: torch.linalg.cross(x, w[None])),
    form("cross", "integers", lambda t, a, b: t.cross(a, b, dim=-1), ints(5, 2, 3), ints(5, 2, 3)),
    form("outer", "function", lambda t, x, w: t.outer(x, w), normal(3), normal(2)),
    form("outer", "method", lambda t, x, w: x.outer(w), normal(3), normal(2)),
    form("tensordot", "lists", lambda t, x, w: t.tensordot(x, w, dims=([1, 0], [0, 2])), normal(2, 3), normal(3, 4, 2)),
    form("tensordot", "a number", lambda t, x, w: t.tensordot(x, w, dims=2), normal(2, 3, 2), normal(3, 2, 2)),
    form("tensordot", "over nothing", lambda t, x: t.tensordot(x[:, :0], x[:, :0], dims=([1], [1])) + x @ x.mT,
         normal(2, 3)),
    form("inner", "of nothing", lambda t, x: t.inner(x[:, :0], x[:, :0]) + x @ x.mT, normal(2, 3)),
    row("tensordot", "one axis of each", lambda x, w: t.tensordot(x, w, axes=(-1, 0)), normal(2, 3), normal(3, 2),
        theirs=lambda x, w: x @ w),
]  # fmt: skip


def _einsum(equation: str, *shapes: tuple[int, ...]) -> Case:
    return form("einsum", equation, lambda t, *xs: t.einsum(equation, *xs), *[normal(*shape) for shape in shapes])


EINSUM = [
    form("einsum", "lists in place of letters", lambda t, x, w: t.einsum(x, [0, 1], w, [1, 2], [0, 2]), normal(2, 3),
         normal(3, 4)),
    form("einsum", "lists, no result's", lambda t, x, w: t.einsum(x, [5, 0], w, [5, 30]), normal(2, 3), normal(2, 4)),
    form("einsum", "lists with ...", lambda t, x: t.einsum(x, [..., 1, 0], [..., 0, 1]), normal(2, 2, 3)),
    _einsum("ij,jk->ik", (2, 3), (3, 4)),
    _einsum("ij,jk", (2, 3), (3, 4)),
    _einsum("ij->ji", (2, 3)),
    _einsum("ij", (2, 3)),
    _einsum("ba", (2, 3)),
    _einsum("ij->", (2, 3)),
    _einsum("ij->j", (2, 3)),
    _einsum("ii->i", (3, 3)),
    _einsum("ii", (3, 3)),
    _einsum("iij->j", (2, 2, 3)),
    _einsum("iii->i", (2, 2, 2)),
    _einsum("ijij->ij", (2, 3, 2, 3)),
    _einsum("i,i->", (3,), (3,)),
    _einsum("i,j->ij", (3,), (2,)),
    _einsum("ij,ij->ij", (2, 3), (2, 3)),
    _einsum("ij,j->i", (2, 3), (3,)),
    _einsum("ij,kj->ik", (2, 3), (4, 3)),
    _einsum("ij,kl->", (2, 2), (2, 3)),
    _einsum("ij,kl->ik", (2, 2), (2, 3)),
    _einsum("bhld,bhsd->bhls", (2, 2, 3, 2), (2, 2, 2, 2)),
    _einsum("bik,bkj->bij", (2, 2, 3), (2, 3, 2)),
    _einsum("...ij->...ji", (2, 2, 3)),
    _einsum("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)),
    _einsum("...ij,jk->...ik", (2, 2, 3), (3, 2)),
    _einsum("...i,...i->...", (2, 3), (3,)),
    _einsum("i...,i...->i...", (2, 3), (2, 3)),
    _einsum("...,...->...", (2, 3), (3,)),
    _einsum("... , ... -> ...", (2, 3), (2, 3)),
    _einsum("b...d,d->b...", (2, 3, 2), (2,)),
    _einsum("...ii->...i", (2, 3, 3)),
    _einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    _einsum("i,i,i->i", (3,), (3,), (3,)),
    _einsum("a,b,c->abc", (2,), (2,), (2,)),
    _einsum("->", ()),
    _einsum(",i->i", (), (3,)),
    _einsum("bn,anm,bm->ba", (2, 3), (2, 3, 2), (2, 2)),
    _einsum("Ab,bC->AC", (2, 3), (3, 2)),
    form("einsum", "a list", lambda t, x, w: t.einsum("ij,jk->ik", [x, w]), normal(2, 3), normal(3, 2)),
    form("einsum", "with itself", lambda t, x: t.einsum("ij,kj->ik", x, x), normal(2, 3)),
    form("einsum", "integers", lambda t, a, b: t.einsum("ij,jk->ik", a, b), ints(5, 2, 3), ints(5, 3, 2)),
    form("einsum", "sizes of 1 that stretch", lambda t, x, y: t.einsum("...i,...i->...", x, y), normal(2, 1, 3),
         normal(4, 3)),
]  # fmt: skip

CASES: list[Case] = [*MATRICES, *EINSUM]
