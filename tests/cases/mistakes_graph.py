"""Mistakes made with pictures, pages, derivations and cards; rows as in mistakes."""

import tempfile
from pathlib import Path
from unittest import mock

from tinygrad_tf import Tensor, nn
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.graph import draw, explain, explore, leaves, op_card, program
from tinygrad_tf.graph.pictures import engine

from .mistakes import ids, ones, x

scores = op(lambda X: X * 2)  # an op without a rule


def lost():
    """A loss of Linear(2, 3)."""
    return nn.Linear(2, 3, bias=False)(Tensor(ones(1, 2, dtype=float), name="X")).sum()


class Twice(nn.Module):
    """A layer, run two times."""

    def __init__(self):
        self.layer = nn.Linear(2, 2)

    def forward(self, X):
        return self.layer(self.layer(X))


def twice():
    return Twice()(Tensor(ones(1, 2, dtype=float), name="X")).sum()


def broken(X):
    raise AttributeError("no such thing")


unlucky = op(broken)


@unlucky.rule
def d_unlucky(dY, Y, X):
    dX = dY
    return dX


def without_temporary_files():
    """What a picture with Chinese letters, and matplotlib, write beside the results."""
    with (
        mock.patch.object(tempfile, "tempdir", None),
        mock.patch.object(
            tempfile, "_get_default_tempdir", side_effect=FileNotFoundError(2, "No usable temporary directory found")
        ),
    ):
        engine._settings.__wrapped__(Path("Sans.otf"))


LOSSES = [
    ("no folder for temporary files", without_temporary_files, FileNotFoundError,
     "draw got no folder for temporary files", "it writes into one", "set TMPDIR"),
    ("a Module", lambda: explore(nn.Linear(2, 3)), TypeError, "explore got loss a Linear",
     "of a Tensor, the loss, which holds what it was made of; or of a list or dict of losses",
     "explore(model(x).sum())"),
    ("a number in place of a graph", lambda: leaves(3), TypeError, "leaves got loss an int", "of a Tensor, the loss",
     "with Tensors"),
    ("None", lambda: explain(None, x(2)), TypeError, "explain got loss None", "of a Tensor, the loss",
     "without a return"),
    ("an array", lambda: draw(ones(2)), TypeError, "draw got loss an ndarray", "of a Tensor, the loss", "with Tensors"),
    ("a number among losses", lambda: draw([lost(), 3]), TypeError, "draw got losses[1] an int",
     "or of a list or dict of losses", "with Tensors"),
    ("None among losses with names", lambda: explain({"a": lost(), "b": None}, x(2)), TypeError, "explain got b None",
     "or of a list or dict of losses", "without a return"),
    ("a Module among losses", lambda: explore((lost(), nn.Linear(2, 3))), TypeError, "explore got losses[1] a Linear",
     "or of a list or dict of losses", "explore(model(x).sum())"),
    ("a number as a sentence", lambda: explore(lost(), about=5), TypeError, "explore got about 5",
     "a sentence, or one for each language", 'about={"en": "…", "zh": "…"}'),
    ("a sentence in no language of the page", lambda: explore(lost(), about={"fr": "x"}), TypeError,
     "explore got about {'fr': 'x'}", "a sentence, or one for each language", 'about={"en": "…", "zh": "…"}'),
    ("a NaN of steps", lambda: explore(lost(), nudge=float("nan")), TypeError, "explore got nudge nan",
     "a whole number, 0 or more", "write nudge=1"),
    ("no losses", lambda: draw([]), ValueError, "draw got loss []", "each is one number", "at least one: draw([loss])"),
    ("no losses with names", lambda: explore({}), ValueError, "explore got loss {}", "each is one number",
     "at least one: explore([loss])"),
    ("several entries among losses", lambda: explore([lost(), x(2) * 2]), ValueError,
     "explore got losses[0] () float64, losses[1] (2,) float64", "their sum whose gradient flows", ".sum() or .mean()"),
    ("several entries alone in a list", lambda: draw([x(2) * 2]), RuntimeError, "graph got self (2,) float64",
     "starts at one number", ".sum()"),
    ("what has no graph among losses", lambda: draw([lost(), ids(2)]), RuntimeError, "graph got self (1,) int64",
     "has a graph", "requires_grad=True"),
    ("what has no graph", lambda: draw(ids(2)), RuntimeError, "graph got self (1,) int64", "has a graph",
     "requires_grad=True"),
    ("several entries", lambda: draw(x(2) * 2), RuntimeError, "graph got self (2,) float64", "starts at one number",
     ".sum()"),
]  # fmt: skip

ENDS = [
    ("a name", lambda: draw(lost(), path_to="weight"), TypeError, "draw got path_to 'weight'", "leads to one Tensor",
     "the Tensor itself: weight (3, 2)"),
    ("a name that none has", lambda: explore(lost(), path_to="wieght"), TypeError, "explore got path_to 'wieght'",
     "leads to one Tensor", "none here is called so, but weight"),
    ("a Module", lambda: draw(lost(), path_to=nn.Linear(2, 3)), TypeError, "draw got path_to a Linear",
     "leads to one Tensor", "one of its parameters"),
    ("a list", lambda: draw(lost(), path_to=[x(2)]), TypeError, "draw got path_to a list of 1", "leads to one Tensor",
     "to each by itself"),
    ("None", lambda: explain(lost(), None), TypeError, "explain got W None", "leads to one Tensor",
     "the Tensor itself"),
    ("one that no gradient reaches", lambda: explore(lost(), path_to=x(2)), ValueError,
     "explore got path_to x (2,) float64", "no gradient flows", "a parameter that the loss depends on"),
]  # fmt: skip

SETTINGS = [
    ("a depth below 0", lambda: draw(lost(), depth=-1), ValueError, "draw got depth -1", "0 or more", "depth=1"),
    ("half a depth", lambda: draw(lost(), depth=1.5), TypeError, "draw got depth 1.5", "a whole number", "depth=1"),
    ("fewer than no nudges", lambda: explore(lost(), nudge=-2), ValueError, "explore got nudge -2", "0 or more",
     "nudge=2"),
    ("a module that did not run", lambda: draw(twice(), open=["nonsense"]), ValueError, "draw got open 'nonsense'",
     "paths of modules that ran, such as layer", "as named_modules() has it"),
    ("modules to open where there are none", lambda: draw(lost(), open=["nonsense"]), ValueError,
     "draw got open 'nonsense'", "and here none ran", "as named_modules() has it"),
    ("a module to open, in no list", lambda: draw(twice(), open="layer"), TypeError, "draw got open 'layer'",
     "a list of the paths of modules", "open=['layer']"),
    ("a number of modules to open", lambda: draw(twice(), open=3), TypeError, "draw got open 3",
     "a list of the paths of modules", "as named_modules() has them"),
    ("values as a word", lambda: draw(lost(), values="yes"), ValueError, "draw got values 'yes'", "True or False",
     "values=True"),
    ("an unknown view", lambda: draw(lost(), view="up"), ValueError, "draw got view 'up'", "both, forward",
     'view="both"'),
    ("an unknown language", lambda: explain(lost(), x(2), lang="fr"), ValueError, "explain got lang 'fr'", '"zh"',
     'lang="zh"'),
    ("unknown values", lambda: explore(lost(), values="all"), ValueError, "explore got values 'all'", "thumbnails",
     'values="stats"'),
]  # fmt: skip

FILES = [
    ("a picture as a page", lambda: draw(lost()).save("dw.html"), ValueError, "render got filename 'dw.html'",
     "it writes .svg, .png", "graph.explore"),
    ("a script that is called as a module of Python", lambda: program(lost()).save("math.py"), ValueError,
     "save got 'math.py'", "would be found in place of its own module", "such as step.py"),
    ("a page as a picture", lambda: explore(lost(), nudge=0).save("dw.svg"), ValueError, "save got filename 'dw.svg'",
     "it writes .html, .htm and .json", "graph.draw"),
    ("a page in a format of pictures", lambda: explore(lost(), nudge=0).render("dw", format="png"), ValueError,
     "save got format 'png'", "it writes .html", "graph.draw"),
    ("a number as a file", lambda: draw(lost()).render(3), TypeError, "render got filename 3", "a text or a Path",
     "write dW.svg"),
    ("a number as a format", lambda: draw(lost()).render("dw", format=3), ValueError, "render got format 3",
     "it writes .svg", "graph.explore"),
    ("no file", lambda: explore(lost(), nudge=0).save(None), TypeError, "save got filename None", "a text or a Path",
     "write dW.html"),
    ("a file without a name", lambda: explore(lost(), nudge=0).save(""), ValueError, "save got filename ''",
     "a file has a name", "write dW.html"),
]  # fmt: skip

CARDS = [
    ("a misspelt op", lambda: op_card("softmx"), ValueError, "op_card got name 'softmx'", "have a gradient rule",
     "choose one of softmax"),
    ("a function that is no op", lambda: op_card(len), ValueError, "op_card got name len", "have a gradient rule",
     "@op above the function"),
    ("an op without a rule", lambda: op_card(scores), ValueError, "op_card got name <lambda>", "have a gradient rule",
     "@bell.rule above def d_bell(dY, Y, X)"),
    ("an op whose example fails", lambda: op_card(unlucky), ValueError,
     "op_card got no example of broken (Python: AttributeError: no such thing)", "works out a call",
     "op_card(broken, example=lambda: broken(x))"),
    ("an example of something else", lambda: op_card("exp", example=lambda: 3), ValueError,
     "op_card got no example of exp", "works out a call", "example=lambda: exp(x)"),
    ("an unknown language", lambda: op_card("exp", lang="fr"), ValueError, "op_card got lang 'fr'", '"zh"',
     'lang="zh"'),
]  # fmt: skip

TABLES = {
    "a loss to draw": LOSSES, "a way to draw": ENDS, "settings of pictures": SETTINGS, "files of pictures": FILES,
    "cards": CARDS,
}  # fmt: skip
