"""Modules print as PyTorch's do, and show themselves as a tree with the numbers of their parameters."""

import re

import pytest

from tinygrad_tf import models, nn

ALIKE = """
    Linear(2, 3) | Linear(2, 3, bias=False) | Embedding(5, 3) | Embedding(5, 3, padding_idx=1) | LayerNorm(4)
    LayerNorm((2, 4), bias=False) | LayerNorm(4, elementwise_affine=False) | RMSNorm(4) | RMSNorm((2, 4), eps=1e-6)
    Dropout() | Dropout(0.1) | Identity() | ReLU() | GELU() | GELU(approximate="tanh") | SiLU() | Tanh() | Sigmoid()
    ReLU(inplace=True) | Dropout(0.1, inplace=True) | LeakyReLU(0.2, inplace=True) | ELU() | CELU() | SELU(True)
    ReLU6() | Mish() | Hardtanh(-2, 2) | Hardsigmoid() | Hardswish() | Softplus(2.0) | Softsign() | Tanhshrink()
    LogSigmoid() | LogSoftmax(dim=1) | Softmin(dim=0) | GLU() | PReLU(3) | Flatten() | Flatten(0, 1)
    Unflatten(1, (2, 3))
    MSELoss() | L1Loss(reduction="sum") | SmoothL1Loss(beta=2.0) | HuberLoss() | NLLLoss() | BCELoss() | KLDivLoss()
    BCEWithLogitsLoss() | CosineSimilarity() | PairwiseDistance()
    Softmax(dim=-1) | CrossEntropyLoss(ignore_index=0) | ModuleList() | Sequential()
    Sequential(Linear(2, 3), Sequential(ReLU(), Linear(3, 1)), Linear(3, 1), Linear(3, 1))
    ModuleList([Linear(1, 2), Linear(1, 2), ReLU(), Linear(1, 2), Linear(1, 3)])
    MultiheadAttention(8, 2) | MultiheadAttention(8, 2, kdim=4, bias=False)
    TransformerEncoderLayer(8, 2, 16, activation="gelu") | TransformerDecoderLayer(8, 2, 16, norm_first=True)
    TransformerEncoder(TransformerEncoderLayer(8, 2, 16), 3)
    TransformerEncoder(TransformerEncoderLayer(8, 2, 16), 1, LayerNorm(8))
    TransformerDecoder(TransformerDecoderLayer(8, 2, 16), 2, LayerNorm(8)) | Transformer(8, 2, 2, 3, 16)
    Transformer(8, 2, 1, 1, 16, bias=False)
"""


@pytest.mark.filterwarnings("ignore")  # PyTorch's, about other things
@pytest.mark.parametrize("call", [c.strip() for line in ALIKE.strip().splitlines() for c in line.split(" | ")])
def test_prints_as_pytorch_does(call):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    theirs = repr(eval(call, vars(torch.nn).copy())).replace("NonDynamicallyQuantizableLinear", "Linear")
    assert repr(eval(call, vars(nn).copy())) == theirs


class Net(nn.Module):
    """One of each way in which modules lie in another."""

    def __init__(self):
        self.scale = nn.Parameter([1.0, 2.0])
        self.blocks = [nn.Linear(2, 2), nn.Linear(2, 2), (nn.ReLU(), "no module")]
        self.heads = {"one": nn.Linear(2, 1, bias=False), "two": [nn.Linear(2, 2)]}
        self.sizes = [1, 2, 3]


def test_lists_and_dicts_are_module_lists_and_dicts():
    assert repr(Net()) == (
        "Net(\n"
        "  (blocks): ModuleList(\n"
        "    (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)\n"
        "    (2): ModuleList(\n"
        "      (0): ReLU()\n"
        "    )\n"
        "  )\n"
        "  (heads): ModuleDict(\n"
        "    (one): Linear(in_features=2, out_features=1, bias=False)\n"
        "    (two): ModuleList(\n"
        "      (0): Linear(in_features=2, out_features=2, bias=True)\n"
        "    )\n"
        "  )\n"
        ")"
    )


def test_what_a_module_says_of_itself_comes_before_its_parts():
    class Scaled(nn.Sequential):
        def extra_repr(self):
            return "scale=2"

    assert repr(Scaled(nn.ReLU())) == "Scaled(\n  scale=2\n  (0): ReLU()\n)"


def shown(module):
    """The lines of the tree as a reader sees them."""
    text = re.sub(r"<summary|<div", "\n<", module._repr_html_())
    return [line.strip() for line in re.sub(r"<[^>]*>", "", text).splitlines() if line.strip()]


def test_the_tree_counts_parameters():
    assert shown(Net()) == [
        "22 parameters",
        "Net  · scale 2 · 22",
        "blocks ModuleList · 12",
        "0-1 2 × Linear (in_features=2, out_features=2, bias=True) · weight 2×2 · bias 2 · 12",
        "2 ModuleList",
        "0 ReLU",
        "heads ModuleDict · 8",
        "one Linear (in_features=2, out_features=1, bias=False) · weight 1×2 · 2",
        "two ModuleList · 6",
        "0 Linear (in_features=2, out_features=2, bias=True) · weight 2×2 · bias 2 · 6",
    ]


def test_the_tree_counts_a_tied_weight_once_and_says_what_is_frozen():
    model = models.GPT2(models.GPT2Config(vocab_size=11, n_positions=5, n_embd=4, n_layer=2, n_head=2))
    total = sum(p.size for p in model.parameters())
    assert shown(model)[0] == f"{total:,} parameters"
    model.transformer["wte"].requires_grad_(False)
    assert shown(model)[0] == f"{total:,} parameters, {total - 44:,} of them trainable"


def test_the_tree_shows_names_as_text():
    net = nn.Module()
    net.parts = {"<b>": nn.ReLU()}
    assert "<b>&lt;b&gt;</b>" in net._repr_html_()
