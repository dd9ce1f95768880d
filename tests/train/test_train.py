"""The training loop: it learns, measures, saves, stops and goes on; its figures show what it did."""

import os
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from tinygrad_tf import Tensor, language, manual_seed, tasks
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.random import generator
from tinygrad_tf.signals import interruptible
from tinygrad_tf.tasks import Vocabulary
from tinygrad_tf.train.progress import bar
from tinygrad_tf.train.saving import save_checkpoint
from tinygrad_tf.train.trainer import (
    History,
    TrainConfig,
    Trainer,
    batch_loss,
    load_model,
    translate,
)
from tinygrad_tf.wording import fonts

pytest.importorskip("tqdm", reason='pip install "tinygrad_tf[train]"')
pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')

SHORT = TrainConfig(steps=6, batch_size=8, warmup=2, eval_every=2, eval_pairs=20)


def small(task, dropout=0.0, d_model=32):
    return Transformer(
        TransformerConfig(len(task.vocabulary), d_model=d_model, n_heads=4, n_layers=1, d_ff=4 * d_model,
                          dropout=dropout, max_length=64, norm_first=True)
    )  # fmt: skip


def trainer(path=None, config=SHORT, dropout=0.1, seed=0):
    manual_seed(seed)
    task = tasks.reverse()
    return Trainer(small(task, dropout), task, config, path)


def run(**change):
    learner = trainer(config=replace(SHORT, **change))
    return learner, learner.fit(progress=False)


def bits(trainer):
    return [p.array.tobytes() for p in trainer.model.parameters()]


@pytest.mark.parametrize("name, steps, batch_size", [("reverse", 300, 64), ("addition", 600, 128)])
def test_a_small_model_learns_the_task_in_seconds(name, steps, batch_size):
    manual_seed(0)
    task = tasks.TASKS[name]()
    config = TrainConfig(steps=steps, batch_size=batch_size, lr=1e-2, warmup=50, eval_every=steps, eval_pairs=1)
    learner = Trainer(small(task), task, config)
    assert learner.fit(progress=False).accuracy[steps] >= 0.95


def test_the_loss_starts_where_guessing_does():
    task = tasks.dates()
    loss = batch_loss(small(task), task.batch(task.sample(generator(), 64))).item()
    assert abs(loss - np.log(len(task.vocabulary))) < 0.7


def test_padding_changes_nothing():
    task = tasks.addition()
    model = small(task)
    alone = [batch_loss(model, task.batch([pair])).item() * (len(pair[1]) + 1) for pair in task.held_out[:8]]
    characters = sum(len(target) + 1 for _, target in task.held_out[:8])
    together = batch_loss(model, task.batch(task.held_out[:8])).item()
    assert together == pytest.approx(sum(alone) / characters, rel=1e-5)


def test_same_seed_same_bits():
    (a, a_history), (b, b_history) = run(), run()
    assert a_history == b_history
    assert bits(a) == bits(b)


def test_evaluation_does_not_change_the_training():
    (often, often_history), (seldom, seldom_history) = run(eval_every=1), run(eval_every=6)
    assert often_history.loss == seldom_history.loss
    assert bits(often) == bits(seldom)


def test_the_history_has_every_loss_and_every_score():
    learner = trainer()
    asked = []
    learner.evaluate = lambda n: asked.append(n) or 0.5
    history = learner.fit(progress=False)
    assert asked == [20, 20, None]  # at the end all held-out pairs count
    assert len(history.loss) == 6
    assert list(history.accuracy) == [2, 4, 6]
    assert history.loss[-1] < history.loss[0]


class StopAfter(Trainer):
    """As if Ctrl-C were pressed in the midst of a step."""

    def train_step(self, batch):
        if self.step == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        return super().train_step(batch)


@pytest.mark.parametrize("stop_at", [0, 2, 3])
def test_ctrl_c_and_resume_give_the_bits_of_an_uninterrupted_run(tmp_path, stop_at):
    whole = trainer()
    expected = whole.fit(progress=False)
    first = trainer(tmp_path / "model.safetensors")
    first.__class__, first.stop_at = StopAfter, stop_at
    first.fit(progress=False)
    assert first.step == stop_at + 1
    second = trainer(tmp_path / "model.safetensors", seed=1)
    second.resume()
    assert second.step == stop_at + 1
    assert second.fit(progress=False) == expected
    assert bits(second) == bits(whole)


def test_a_second_ctrl_c_stops_at_once():
    before = signal.getsignal(signal.SIGINT)  # ignored, where the tests run in the background of a shell
    with interruptible() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_it_trains_in_a_thread_which_cannot_catch_signals():
    learner = trainer()
    thread = threading.Thread(target=learner.fit, kwargs={"progress": False})
    thread.start()
    thread.join()
    assert learner.step == 6


def test_the_progress_bar_shows_loss_speed_score_and_time_left(capsys):
    trainer().fit()
    bar = capsys.readouterr().err
    assert "6/6" in bar
    for part in ("loss=", "tokens/s=", "held-out=", "step/s"):
        assert part in bar


NUMPYS = {"steps": np.int64(6), "batch_size": np.int32(8), "lr": np.float32(1e-3), "max_norm": np.float64(1),
          "warmup": np.int16(2)}  # fmt: skip


@pytest.mark.parametrize("settings, dropout", [(NUMPYS, 0.1), ({}, np.float32(0.1)), ({"lr": Tensor(1e-3)}, 0.1)])
def test_settings_of_numpy_s_are_saved_and_gone_on_with(settings, dropout, tmp_path):
    config = replace(SHORT, **settings)
    trainer(tmp_path / "m", config, dropout).fit(progress=False)
    again = trainer(tmp_path / "m", config, dropout)
    again.resume()
    assert again.step == 6


def test_settings_that_cannot_be_noted_are_told_before_the_first_step(tmp_path):
    with pytest.raises(TypeError, match="settings that JSON cannot hold"):
        trainer(tmp_path / "m", replace(SHORT, max_norm=1 + 0j))


class _Window:
    """What programs put in place of standard error, whose terminal it is not."""

    def write(self, text):
        raise RuntimeError("the window was closed")


@pytest.mark.parametrize("stream", [None, _Window()], ids=["none", "a window"])
def test_without_a_terminal_it_trains_in_silence(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    assert len(trainer().fit().loss) == 6


def test_a_clock_that_stands_still_does_not_end_it(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 5.0)
    assert len(trainer().fit().loss) == 6


def test_the_path_is_told_and_not_changed(tmp_path):
    job = trainer(tmp_path / "m.safetensors")
    assert job.path == tmp_path / "m.safetensors"
    assert trainer().path is None
    with pytest.raises(AttributeError):
        job.path = tmp_path / "elsewhere"


def test_without_a_bar_tqdm_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert len(run()[1].loss) == 6


@pytest.mark.parametrize("place, seconds", [("a log file", 10), ("a notebook", 0.1)])
def test_the_bar_moves_where_its_line_can_be_rewritten(place, seconds, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if place == "a notebook":
        monkeypatch.setitem(sys.modules, "ipykernel", None)
    with bar(0, 5) as shown:
        assert shown.mininterval == seconds


def test_the_learning_rate_is_that_of_its_step(tmp_path):
    learner = trainer()
    rates = []
    step = learner.optimizer.step
    learner.optimizer.step = lambda: (rates.append(learner.optimizer.param_groups[0]["lr"]), step())
    learner.fit(progress=False)
    cosine = [(1 + np.cos(np.pi * i / 4)) / 2 for i in range(4)]
    assert rates == pytest.approx([5e-3 * f for f in (0.5, 1, *cosine)])


def test_the_checkpoint_is_a_whole_model(tmp_path):
    learner = trainer(tmp_path / "model.safetensors")
    learner.fit(progress=False)
    model, vocabulary = load_model(tmp_path / "model.safetensors")
    sources = [source for source, _ in learner.task.held_out[:20]]
    assert translate(model, vocabulary, sources) == translate(learner.model, learner.task.vocabulary, sources)
    assert not model.training


def test_halves_of_letters_stay_apart(tmp_path):
    """JSON makes one letter of two, where they stand side by side."""
    task = tasks.Task("halves", Vocabulary("a\ud800\udfff"), lambda rng, n: [("a\ud800\udfff", "a")] * n, (("a", "a"),))
    path, config = tmp_path / "m.safetensors", replace(SHORT, steps=2)
    Trainer(small(task), task, config, path).fit(progress=False)
    again = Trainer(small(task), task, config, path)
    again.resume()
    assert again.step == 2
    assert load_model(path)[1].characters == "a\ud800\udfff"


def test_translate_gives_each_text_what_it_gets_alone():
    task = tasks.reverse()
    model = small(task)
    texts = [source for source, _ in task.held_out[:300]]  # more than one batch, of different lengths
    together = translate(model, task.vocabulary, texts, 8)
    assert together[::50] == [translate(model, task.vocabulary, [text], 8)[0] for text in texts[::50]]


def resumed(tmp_path, **change):
    path = tmp_path / "model.safetensors"
    trainer(path).fit(progress=False)
    trainer(path, **change).resume()


def another_task(tmp_path):
    trainer(tmp_path / "model.safetensors").fit(progress=False)
    task = tasks.addition()
    Trainer(small(task), task, SHORT, tmp_path / "model.safetensors").resume()


def resumed_by(task, tmp_path, dtype="float32"):
    """As addition of two digits with seed 0 was begun."""
    for now, kind in ((tasks.addition(), "float32"), (task, dtype)):
        manual_seed(0)
        job = Trainer(small(now).to(kind), now, SHORT, tmp_path / "model.safetensors")
        if now is task:
            job.resume()
        job.fit(progress=False)


def frozen(tmp_path):
    job = trainer(tmp_path / "model.safetensors")
    job.model.encoder.layers[0].linear1.weight.requires_grad = False
    job.fit(progress=False)
    trainer(tmp_path / "model.safetensors").resume()


class Doubled(Transformer):
    """A model that computes something else with the same parameters."""

    def forward(self, *given):
        return 2 * super().forward(*given)


def doubled(tmp_path, then=lambda path: trainer(path).resume()):
    job = trainer(tmp_path / "model.safetensors")
    job.model.__class__ = Doubled
    job.fit(progress=False)
    then(job.path)


def a_plain_checkpoint(tmp_path):
    save_checkpoint(tmp_path / "model.safetensors", small(tasks.reverse()))
    load_model(tmp_path / "model.safetensors")


WRONG = [
    (lambda tmp: TrainConfig(steps=0), ValueError, "steps is a whole number, at least 1"),
    (lambda tmp: Trainer(small(tasks.reverse()), tasks.addition(), SHORT), ValueError, "13 tokens and a task with 14"),
    (lambda tmp: trainer().resume(), ValueError, "no path"),
    (lambda tmp: trainer(tmp / "none").resume(), FileNotFoundError, "there is no file"),
    (lambda tmp: resumed(tmp, config=replace(SHORT, lr=1e-3)), ValueError, "training is"),
    (lambda tmp: resumed(tmp, dropout=0.0), ValueError, "model is"),
    (another_task, ValueError, "task is 'reverse'"),
    (lambda tmp: resumed_by(tasks.addition(n_digits=3), tmp), ValueError, "whose held_out is"),
    (lambda tmp: resumed_by(tasks.addition(seed=1), tmp), ValueError, "whose held_out is"),
    (lambda tmp: resumed_by(tasks.addition(), tmp, "float64"), ValueError, r"types is \['float64'\]"),
    (doubled, ValueError, "whose class is 'Doubled'"),
    (lambda tmp: doubled(tmp, load_model), ValueError, "a model of class 'Doubled'"),
    (frozen, ValueError, r"whose frozen is \['encoder.layers.0.linear1.weight'\]"),
    (a_plain_checkpoint, ValueError, r"notes on \[\]"),
    (lambda tmp: translate(small(tasks.reverse()), tasks.reverse().vocabulary, ["12", ""]), ValueError, "empty text"),
    (
        lambda tmp: translate(small(tasks.reverse()), tasks.reverse().vocabulary, ["1x"]),
        ValueError,
        "'x' at position 1",
    ),
]


@pytest.mark.parametrize("call, kind, message", WRONG)
def test_wrong_use_is_explained(tmp_path, call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call(tmp_path)
    assert "cure:" in str(caught.value)


# ---- figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def figures():
    pytest.importorskip("matplotlib", reason='pip install "tinygrad_tf[train]"')
    from tinygrad_tf.train import figures

    return figures


def test_attention_is_that_of_a_pass_through_the_translation(figures):
    task = tasks.reverse()
    model = small(task)
    model.decoder.layers[0].multihead_attn.in_proj_weight.array[:32] = 0  # no queries: every key counts the same
    rows, columns, weights = figures.cross_attention(model, task.vocabulary, "1234")
    assert columns == ["1", "2", "3", "4"]
    assert rows[-1] == "<end>"
    assert weights.shape == (4, len(rows), 4)
    assert weights == pytest.approx(np.full_like(weights, 0.25))


def test_attention_of_the_last_layer_as_the_module_itself_gives_it(figures):
    task = tasks.reverse()
    model = small(task).eval()
    rows, _, weights = figures.cross_attention(model, task.vocabulary, "97531")
    seen = []
    layer = model.decoder.layers[-1].multihead_attn

    def spy(*inputs, **params):
        seen.append(
            type(layer).forward(layer, *inputs, **{**params, "need_weights": True, "average_attn_weights": False})
        )
        return seen[-1]

    layer.forward = spy
    written = [task.vocabulary.start, *task.vocabulary.encode("".join(rows[:-1]))]
    model(np.array([task.vocabulary.encode("97531")]), np.array([written]))
    assert weights == pytest.approx(seen[0][1].array[0], abs=1e-6)


def test_attention_of_a_frozen_model(figures):
    task = tasks.reverse()
    model = small(task)
    _, _, expected = figures.cross_attention(model, task.vocabulary, "123")
    _, _, weights = figures.cross_attention(model.requires_grad_(False), task.vocabulary, "123")
    np.testing.assert_array_equal(weights, expected)


def test_a_model_in_training_stays_in_training(figures):
    task = tasks.reverse()
    model = small(task).train()
    figures.cross_attention(model, task.vocabulary, "123")
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("ending, start", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_are_written_in_the_format_of_their_name(figures, tmp_path, ending, start):
    task = tasks.reverse()
    figures.save_curves(History([2.0, 1.0], {2: 0.5}), tmp_path / "new" / f"curves.{ending}")
    figures.save_attention(small(task), task.vocabulary, "123", tmp_path / f"attention.{ending}")
    for name in ("new/curves", "attention"):
        assert (tmp_path / f"{name}.{ending}").read_bytes().startswith(start)


def test_rows_and_columns_of_the_map_are_the_characters(figures, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: drawn.append(figure))
    vocabulary = Vocabulary("0三 月日")
    model = Transformer(TransformerConfig(len(vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=16))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where no Chinese font is installed
        figures.save_attention(model, vocabulary, "三月 三日", tmp_path / "a.png")
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["三", "月", "␣", "三", "日"]
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "<end>"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("read", "written")


def test_a_text_with_dollars_and_control_characters_is_drawn_as_it_is(figures, tmp_path):
    text = "$\\frac{$ x^2_2$\n\x01\u202e<&]]>"
    vocabulary = Vocabulary("".join(sorted({*text})))
    model = Transformer(TransformerConfig(len(vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=16))
    figures.save_attention(model, vocabulary, text, tmp_path / "a.svg")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


def test_losses_of_zero_are_drawn_without_a_warning(figures, tmp_path):
    for losses in ([0.0] * 3, [], [1e38, 0.0]):
        figures.save_curves(History(losses, {}), tmp_path / "c.svg")
    figures.save_curves(History([1.0], {}), f"{tmp_path}/folder/")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.svg", "folder.png"]


def test_the_curves_have_labelled_axes_and_all_points(figures, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: drawn.append(figure))
    figures.save_curves(History([2.0, 1.0, 0.5], {2: 0.5, 3: 0.75}), tmp_path / "c.png")
    loss, score = drawn[0].axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 2.0], [2, 1.0], [3, 0.5]]
    assert score.lines[0].get_xydata().tolist() == [[2, 50], [3, 75]]
    assert all((loss.get_ylabel(), score.get_ylabel(), score.get_xlabel()))


def test_a_chinese_font_is_used_where_there_is_one(figures, tmp_path):
    if fonts.chinese() is None:
        pytest.skip("no font with Chinese characters is installed")
    vocabulary = Vocabulary("0三月日")
    model = Transformer(TransformerConfig(len(vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of glyphs that the fonts lack
        figures.save_attention(model, vocabulary, "三月三日", tmp_path / "a.png")


def test_a_missing_chinese_font_is_told(figures, tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "chinese", lambda: None)
    vocabulary = Vocabulary("0三月日")
    model = Transformer(TransformerConfig(len(vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=16))
    with pytest.warns(UserWarning, match="no font with Chinese characters"):
        figures.save_attention(model, vocabulary, "三月三日", tmp_path / "a.png")


def test_the_figures_speak_the_language_that_is_chosen(figures, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: drawn.append(figure))
    with language("zh"):
        figures.save_curves(History([2.0, 1.0], {2: 0.5}), tmp_path / "c.png")
    assert [axes.get_ylabel() for axes in drawn[0].axes] == ["损失（纳特/字符）", "留出集上完全答对（%）"]
