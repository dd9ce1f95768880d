"""Train a small Transformer to read dates: "3rd of Mar. '26" and 二〇二六年三月三日 become 2026-03-03.

    python demos/train_dates.py

It takes about a minute and leaves in out/dates: the checkpoint (model.safetensors), the curves of loss and score
(curves.png), where the decoder looked while it wrote one date (attention.png), and how the gradient of the loss of a
date that it gets wrong reached the first layer: its query, key and value weights as a diagram (dW.svg), W_q as a page
to step through (dW.html). Then ask it:

    python demos/translate_date.py "三月三日 2026"
"""

import argparse
import os
import time

# Before NumPy is imported. Matrices this small gain little from threads (35 ms a step instead of 46 on quiet cores),
# and OpenBLAS's threads wait for each other at full speed where other programs use the cores: over a second a step.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from command_line import Parser, as_program, check_places, folder, say, whole

from tinygrad_tf import graph, manual_seed
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.tasks import Task, dates
from tinygrad_tf.train.figures import save_attention, save_curves
from tinygrad_tf.train.trainer import TrainConfig, Trainer, batch_loss, translate
from tinygrad_tf.wording.languages import either

ZH = """\
训练一个小 Transformer 读日期："3rd of Mar. '26" 和 二〇二六年三月三日 都变成 2026-03-03。

    python demos/train_dates.py

大约一分钟。out/dates 里留下：检查点（model.safetensors），损失和得分的曲线（curves.png），
解码器写一个日期时看了哪里（attention.png），以及它读错的一个日期：损失的梯度怎样到达第一层。
通往 query、key 和 value 权重的画成图（dW.svg），通往 W_q 的做成可以一步步查看的网页（dW.html）。
然后就可以问它：

    python demos/translate_date.py "三月三日 2026"
"""
EXAMPLE = "星期二，二〇二六年三月三日"


def main() -> None:
    args = arguments()
    out = args.out
    manual_seed(args.seed)
    task = dates()
    model = new_model(task)
    every = max(1, min(200, args.steps // 5))  # a short training, too, has a curve of its score
    try:
        config = TrainConfig(steps=args.steps, eval_every=every)
        trainer = Trainer(model, task, config, path=out / "model.safetensors", overwrite=args.overwrite)
        if args.resume:
            trainer.resume()
        n_parameters = sum(p.size for p in model.parameters())
        print(either(f"{n_parameters:,} parameters, {args.steps} steps of {trainer.config.batch_size} dates",
                     f"{n_parameters:,} 个参数，{args.steps} 步，每步 {trainer.config.batch_size} 个日期"))  # fmt: skip
        results = [out / name for name in ("curves.png", "attention.png", "dW.svg", "dW.html")]
        ended = trainer.step == args.steps  # a training that goes on from before its end has no results yet
        replace = ended or args.overwrite or (not args.resume and os.path.lexists(trainer.path))  # fit() asks about it
        check_places(results, replace)
        start = time.perf_counter()
        history = trainer.fit()
        check_places(results, replace)  # again: training took its time
    except FileExistsError as problem:
        raise SystemExit(f"{problem}\n  here: --resume goes on from it, --overwrite begins anew in its place") from None
    except (ValueError, FloatingPointError) as problem:
        raise SystemExit(str(problem)) from None
    seconds = time.perf_counter() - start
    if trainer.stopped:
        say(either(f"stopped after step {trainer.step} and saved; the same command with --resume goes on",
                   f"在第 {trainer.step} 步之后停下，已经保存；同一条命令加上 --resume 就接着训练"))  # fmt: skip
        raise SystemExit(128 + trainer.stopped)  # as a program that a signal ends: nothing runs on half a model
    score = f"{history.accuracy[args.steps]:.2%}"
    say(either(f"trained in {seconds:.0f} s\nexact match on {len(task.held_out):,} held-out dates: {score}",
               f"训练用了 {seconds:.0f} 秒\n留出的 {len(task.held_out):,} 个日期，完全答对的占 {score}"))  # fmt: skip

    save_curves(history, out / "curves.png")
    translation = save_attention(model, task.vocabulary, EXAMPLE, out / "attention.png")
    say(f"{EXAMPLE} → {translation}")
    text, date, written = mistaken(model, task)
    say(either(f"to learn from: {text} is {date}, and the model says {written}",
               f"值得一看：{text} 是 {date}，模型说的是 {written}"))  # fmt: skip
    loss = batch_loss(model, task.batch([(text, date)]))
    graph.draw(loss, path_to=model.encoder.layers[0].self_attn.in_proj_weight, depth=1).render(out / "dW.svg")
    W_q = next(t for t in capture(loss).tensors if t.name == "W_q" and t.scope == "encoder.layers.0.self_attn")
    about = {"en": f"“{text}” is {date}. The model says {written}.", "zh": f"“{text}”是 {date}，模型说的是 {written}。"}
    graph.explore(loss, path_to=W_q, depth=0, about=about).save(out / "dW.html")
    say(either(f"figures, diagram and checkpoint are in {out}", f"图、图解和检查点在 {out}"))


def mistaken(model: Transformer, task: Task) -> tuple[str, str, str]:
    """A held-out date that the model gets wrong, with what it is and what the model says; else the last of them.

    The gradient of a date that it knows is next to nothing.
    """
    some = task.held_out[:1000]
    answers = translate(model, task.vocabulary, [text for text, _ in some])
    found = [(text, date, answer) for (text, date), answer in zip(some, answers, strict=True)]
    return next((each for each in found if each[1] != each[2]), found[-1])


def new_model(task: Task) -> Transformer:
    """The model that is trained: two layers, 64 wide, with pre-norm."""
    return Transformer(
        TransformerConfig(
            vocab_size=len(task.vocabulary),
            d_model=64,
            n_heads=4,
            n_layers=2,
            d_ff=128,
            dropout=0.0,
            max_length=64,
            norm_first=True,
            tie_output=False,
        )
    )


def arguments() -> argparse.Namespace:
    parser = Parser(__doc__ or "", ZH)
    parser.add_argument("--steps", type=whole(1), default=1000, help=either("how long to train", "训练多少步"))
    parser.add_argument("--seed", type=whole(0), default=0,
                        help=either("initial weights and order of the dates", "初始权重和日期顺序的种子"))  # fmt: skip
    parser.add_argument(
        "--out", type=folder, default="out/dates", help=either("the folder for all results", "结果放在哪里")
    )
    anew = parser.add_mutually_exclusive_group()
    anew.add_argument("--resume", action="store_true",
                      help=either("go on from the checkpoint in that folder", "从那里的检查点继续"))  # fmt: skip
    anew.add_argument("--overwrite", action="store_true",
                      help=either("begin anew in the place of that checkpoint", "不用检查点，重新开始"))  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    as_program(main)
