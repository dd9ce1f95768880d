"""Train a small GPT to write a text letter by letter, on one processor core in a few minutes.

    python demos/train_char_gpt.py                     the source of Python's own standard library
    python demos/train_char_gpt.py --text FILE         any text
    python demos/train_char_gpt.py --text FILE --resume          (or --overwrite)
    python demos/train_char_gpt.py --ranks 4           on four cores, about three times as fast
    mpiexec -n 64 … python demos/train_char_gpt.py     on the cores of many machines, by a cluster's launcher

With ranks, each batch of twelve windows is divided among them; the result is the same to rounding.

The settings are nanoGPT's for a processor: 4 layers, 4 heads, 128 wide, 64 letters of context, batches of 12, 2,000
steps of AdamW. The first 90 % of the text are trained on, the rest is for the validation loss. The checkpoint and a
sample go to out/char_gpt, the model in Hugging Face's format to out/char_gpt/model, and then it writes what you like:

    python demos/generate.py --model out/char_gpt/model --prompt "import " --sample
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import sysconfig
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: matrices this small gain little from threads

import numpy as np
from command_line import Parser, as_program, folder, text_of, whole, write

from tinygrad_tf import compile, manual_seed, no_grad, parallel
from tinygrad_tf.errors import is_explained
from tinygrad_tf.files import check_readable, check_writable, place_of, write_whole
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.ops.fused import cross_entropy
from tinygrad_tf.optim import AdamW, WarmupCosineLR
from tinygrad_tf.random import generator, get_state, replayed
from tinygrad_tf.signals import interruptible
from tinygrad_tf.train.finite import bad_parameter, first_bad, not_finite
from tinygrad_tf.train.keeping import CheckpointFile
from tinygrad_tf.train.progress import Progress
from tinygrad_tf.wording.languages import either

ZH = """\
训练一个小 GPT 逐字符地写文本，用一个 CPU 核，几分钟就好。

    python demos/train_char_gpt.py                     用 Python 自己的标准库源代码
    python demos/train_char_gpt.py --text 文件         用任意文本
    python demos/train_char_gpt.py --text 文件 --resume
    python demos/train_char_gpt.py --ranks 4           用四个核，约快三倍
    mpiexec -n 64 … python demos/train_char_gpt.py     用许多机器的核，由集群的启动程序启动

有几个进程时，每批十二个窗口由它们分担；结果相同，只差舍入误差。

设置与 nanoGPT 在 CPU 上的相同：4 层，4 个头，宽 128，上下文 64 个字符，每批 12 个，AdamW 训练 2,000 步。
文本的前 90% 用来训练，其余用来算验证损失。检查点和样本写到 out/char_gpt，
Hugging Face 格式的模型写到 out/char_gpt/model，之后就可以让它接着写：

    python demos/generate.py --model out/char_gpt/model --prompt "import " --sample
"""
BLOCK, BATCH = 64, 12


def standard_library() -> str:
    """The source of Python's standard library: the files of its first folder that are plain ASCII."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    return "\n".join(source.decode() for file in files if (source := file.read_bytes()).isascii())


class Letters:
    """A text as ids, one for each letter that occurs in it; the first 90 % to train on, the rest to validate."""

    def __init__(self, text: str) -> None:
        codes, ids = np.unique(np.frombuffer(text.encode("utf-32-le"), np.uint32), return_inverse=True)
        self.letters = [chr(code) for code in codes]
        cut = int(0.9 * len(ids))
        self.train, self.validation = ids[:cut], ids[cut:]
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        if min(len(self.train), len(self.validation)) <= BLOCK:
            raise SystemExit(either(f"the text has {len(ids)} letters; at least {11 * BLOCK} are needed",
                                    f"文本有 {len(ids)} 个字符；至少要 {11 * BLOCK} 个"))  # fmt: skip

    def batch(self) -> np.ndarray:
        """Windows at random places of the training text, with one letter more than the model reads (B, L + 1)."""
        starts = generator().integers(0, len(self.train) - BLOCK, BATCH)
        return self.train[starts[:, None] + np.arange(BLOCK + 1)]

    def decode(self, ids: Any) -> str:
        return "".join(self.letters[i] for i in ids)


def build(letters: Letters, steps: int) -> tuple[GPT2, AdamW, WarmupCosineLR]:
    """Model, optimiser and schedule: weight decay on matrices only, 100 steps of warm-up, 1e-3 falling to 1e-4.

    Weights start with a deviation of about 1/√128, so that a layer of this width keeps the size of what flows through
    it. GPT-2's 0.02, meant for layers ten times as wide, loses the first hundreds of steps: on Shakespeare the
    validation loss ends at 1.90 instead of 1.75.
    """
    model = GPT2(GPT2Config(
        len(letters.letters), n_positions=BLOCK, n_embd=128, n_layer=4, n_head=4, activation_function="gelu",
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bias=False, initializer_range=0.08,
        bos_token_id=None, eos_token_id=None,
    ))  # fmt: skip
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    return model, optimizer, WarmupCosineLR(optimizer, warmup=100, total=steps, min_factor=0.1)


def train_step(
    model: GPT2, shared: parallel.Shared | parallel.Alone, batch: np.ndarray, ranks: parallel.Ranks
) -> float:
    """One step on a batch that all ranks drew alike; each computes on its windows. Returns the whole batch's loss.

    Raises FloatingPointError at a NaN or an infinity, before it reaches the weights.
    """
    windows = ranks.part(batch)
    with ranks.own_random():
        loss = next_letter_loss(model, windows) if len(windows) else None
    mean = shared.backward(loss, weight=windows[:, 1:].size)
    norm = shared.clip_grad_norm_(1.0)
    if not np.isfinite([mean, norm]).all():
        where = first_bad(model, lambda: next_letter_loss.__wrapped__(model, windows) if len(windows) else None)
        raise not_finite(f"a loss of {mean}, with gradients of norm {norm}", where, "go on from the last checkpoint")
    shared.step()
    return mean


@compile  # all batches have one shape: it is recorded once, and then runs without the engine around it
def next_letter_loss(model: GPT2, windows: np.ndarray) -> Any:
    """The mean loss over the letters that follow the model's BLOCK letters (B, L + 1)."""
    logits = model(windows[:, :-1])  # (B, L, V)
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), windows[:, 1:].reshape(-1))


@no_grad()
def validate(model: GPT2, letters: Letters, ranks: parallel.Ranks, most: int = 2000) -> float:
    """The loss over the validation text in windows side by side; of a long text, ``most`` windows evenly spread."""
    ids = letters.validation
    starts = np.arange(0, len(ids) - BLOCK, BLOCK)
    starts = ranks.part(starts[np.linspace(0, len(starts) - 1, min(most, len(starts))).astype(int)])
    total = 0.0
    for first in range(0, len(starts), 100):
        part = starts[first : first + 100]
        total += float(next_letter_loss(model, ids[part[:, None] + np.arange(BLOCK + 1)]).item()) * len(part)
    return ranks.mean(total / max(1, len(starts)), weight=len(starts))


def sample(model: GPT2, letters: Letters, length: int = 400) -> str:
    """What the model writes, half a context at a time: it reads the last half and writes the next."""
    start = letters.letters.index("\n") if "\n" in letters.letters else 0
    ids, half = np.array([[start]]), BLOCK // 2
    while ids.shape[1] < length:
        more = model.generate(ids[:, -half:], max_new_tokens=half, do_sample=True, temperature=0.8, top_k=200)
        ids = np.concatenate([ids, more[:, -half:]], axis=1)
    return letters.decode(ids[0, 1 : length + 1])


def save_for_generate(model: GPT2, letters: Letters, folder: Path) -> None:
    """The model in Hugging Face's format, with a tokenizer.json in which each letter is a token.

    Where there is a file SHA256SUMS, it has the digest of that, too.
    """
    (folder / "tokenizer.json").unlink(missing_ok=True)  # of another text, perhaps: no model is read with it
    model.save_pretrained(folder)
    made, sums = tokenizer_of(letters), folder / "SHA256SUMS"
    write(folder / "tokenizer.json", made)
    if sums.is_file():
        others = [line for line in sums.read_bytes().splitlines() if line[66:].removeprefix(b"./") != b"tokenizer.json"]
        lines = [*others, f"{hashlib.sha256(made.encode()).hexdigest()}  tokenizer.json".encode(), b""]
        write_whole(sums, lambda beside: beside.write_bytes(b"\n".join(lines)))


def tokenizer_of(letters: Letters) -> str:
    """What stands in tokenizer.json."""
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[\s\S]"}, "behavior": "Isolated", "invert": False},
        "post_processor": None, "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": {letter: i for i, letter in enumerate(letters.letters)},
                  "unk_token": "<unknown>"},
    }  # fmt: skip
    return json.dumps(tokenizer, ensure_ascii=False)


def check_results(args: argparse.Namespace, model: GPT2, letters: Letters) -> None:
    """End, before the first step, where the results cannot be written or would replace what is none of this training's.

    A training that goes on finds its own results, if it had come to its end.
    """
    folder, text = args.out / "model", args.out / "sample.txt"  # in this order: no sample of ours is there without it
    for place in filter(os.path.lexists, [] if args.overwrite else [folder, text]):
        if not args.resume or not os.path.lexists(folder) or not is_of(folder, model, letters):
            raise SystemExit(either(
                f"{place} is there, and not of this training: move it away, choose another --out, or begin anew in "
                "its place by --overwrite",
                f"{place} 已经在那里，却不是这次训练的：请把它移走，用 --out 选别的文件夹，"
                "或用 --overwrite 重新开始并换掉它",
            ))  # fmt: skip
    check_writable(text)
    place_of(folder / "tokenizer.json")


def is_of(folder: Path, model: GPT2, letters: Letters) -> bool:
    """Whether a folder holds what :func:`save_for_generate` writes, or the beginning of it."""
    tokenizer = folder / "tokenizer.json"  # the last
    try:
        if os.path.lexists(tokenizer):
            check_readable("train_char_gpt.py", tokenizer, "take it away")
            if tokenizer.read_bytes() != tokenizer_of(letters).encode():
                return False
        return GPT2.from_pretrained(folder).config == model.config
    except FileNotFoundError:
        return all(place.name.startswith(".") for place in folder.iterdir())
    except Exception as problem:
        if not is_explained(problem):
            raise
        return False


def main() -> None:
    # fmt: off
    parser = Parser(__doc__ or "", ZH)
    add = parser.add_argument
    add("--text", type=Path, metavar="FILE", help=either(
        "a text in UTF-8 (default: the source of Python's standard library)",
        "UTF-8 文本（默认是 Python 标准库的源代码）"))
    add("--out", type=folder, default="out/char_gpt", help=either("where everything goes", "结果放在哪里"))
    add("--steps", type=whole(1), default=2000, metavar="N", help=either("how long to train", "训练多少步"))
    add("--eval-every", type=whole(1), default=250, metavar="N", help=either(
        "steps between validations, samples, checkpoints", "隔多少步验证、取样、存检查点"))
    add("--seed", type=whole(0), default=1337, help=either("initial weights and batches", "初始权重和各批的种子"))
    anew = parser.add_mutually_exclusive_group()
    anew.add_argument("--resume", action="store_true", help=either(
        "go on from the checkpoint, with any number of ranks", "从检查点继续，进程数可以不同"))
    anew.add_argument("--overwrite", action="store_true", help=either(
        "begin anew in the place of the checkpoint", "不要原来的检查点，重新开始"))
    add("--ranks", type=whole(1), default=1, metavar="N", help=either(
        "processes of this machine that share each batch", "本机分担每批数据的进程数"))
    # fmt: on
    args = parser.parse_args()
    try:
        parallel.launch(args.ranks)
    except (ValueError, ImportError, FileNotFoundError) as problem:
        raise SystemExit(str(problem)) from None
    with parallel.join() as ranks:
        try:
            stopped = train(args, ranks)
        except FileExistsError as problem:
            raise SystemExit(f"{problem}\n  here: --resume goes on from it, --overwrite begins anew") from None
        except (OSError, FloatingPointError) as problem:
            if not is_explained(problem):  # of the standard output
                raise
            raise SystemExit(str(problem)) from None
    if stopped:
        raise SystemExit(128 + stopped)  # as a program that a signal ends: nothing runs on half a model


def train(args: argparse.Namespace, ranks: parallel.Ranks) -> int:
    """Train to the end, or until a signal says to stop; returns its number, 0 at the end."""
    manual_seed(args.seed)
    text = ranks.from_first((text_of(args.text) if args.text else standard_library()) if ranks.first else None)
    letters = Letters(text)  # machines may have other files, and only one rank has a standard input
    model, optimizer, schedule = build(letters, args.steps)
    step, history, file = 0, [], CheckpointFile(args.out / "checkpoint.safetensors", args.overwrite)
    identity = {"text": letters.digest, "steps": args.steps, "seed": args.seed}
    if args.resume:
        try:
            saved = ranks.from_first(file.load() if ranks.first else None)
        except (OSError, ValueError) as problem:
            raise SystemExit(str(problem)) from None
        if {name: saved.notes.get(name) for name in identity} != identity:
            raise SystemExit(f"{file.path} is of another text, seed or number of steps: repeat those of the first run")
        saved.restore(model, optimizer, schedule)
        file.adopt(saved)
        step, history = saved.step, saved.notes["history"]
    shared = parallel.share(model, optimizer, ranks)
    say = print if ranks.first else lambda *line: None
    say(f"{len(letters.train):,} letters to train on, {len(letters.validation):,} to validate, "
        f"{len(letters.letters)} kinds; {sum(p.size for p in model.parameters()):,} parameters")  # fmt: skip

    def save(write: Any) -> None:
        found = bad_parameter(model)
        if found:
            raise not_finite(f"weights that are no numbers after step {step}", found, "go on from the last checkpoint")
        notes = {**identity, "history": history, "model": asdict(model.config), "letters": letters.letters}
        shared.collect()
        if ranks.first:
            write(model, optimizer, schedule, step, notes)

    began, recent, stopped = time.perf_counter(), [], 0
    with contextlib.ExitStack() as stack:  # in this order: who sees the bar can stop it
        stack.enter_context(file if ranks.first else contextlib.nullcontext())  # until all is written: it is one result
        if ranks.first:
            check_results(args, model, letters)
        interrupted = stack.enter_context(interruptible())
        bar = Progress(step, args.steps) if ranks.first else contextlib.nullcontext()
        with bar:
            while True:
                stopped = int(ranks.table([interrupted()])[:, 0].max())  # all ranks decide alike
                if stopped:  # who has to stop does not validate first: it is made up for when it goes on
                    save(file.save)
                    break
                if (step % args.eval_every == 0 or step == args.steps) and step not in [0, *(at for at, _ in history)]:
                    save(file.try_save)  # before: to validate takes its time, and may fail
                    history.append([step, validate(model, letters, ranks)])
                    if step == args.steps:
                        save(file.save)
                    if ranks.first:
                        with replayed(get_state()):  # a sample must not change what is trained on next
                            text = sample(model, letters, 200)
                        bar.say(f"\nstep {step}: validation loss {history[-1][1]:.4f}\n{text}\n", sys.stdout)
                if step == args.steps:
                    break
                recent = [*recent[-99:], train_step(model, shared, letters.batch(), ranks)]
                schedule.step()
                step += 1
                if ranks.first:
                    validation = f"{history[-1][1]:.3f}" if history else ""
                    bar.step({"loss": f"{np.mean(recent):.3f}", "validation": validation})
        with contextlib.suppress(OSError):  # nobody may be there to read it: a closed terminal is a reason to stop
            say(f"{time.perf_counter() - began:.0f} s; validation loss by step: "
                + ", ".join(f"{at}: {loss:.4f}" for at, loss in history))  # fmt: skip
            if stopped:
                say(f"stopped after step {step} and saved; the same command with --resume goes on")
        if not stopped and ranks.first:
            check_results(args, model, letters)  # again: training took its time
            save_for_generate(model, letters, args.out / "model")
            text = sample(model, letters, 2000)
            write(args.out / "sample.txt", text)
            print(either("wrote", "写出"), file.path, args.out / "sample.txt", args.out / "model")
    return stopped


if __name__ == "__main__":
    as_program(main)
