"""The demo that lets models write: each family, from a folder with a tokenizer, and what it says to wrong ones."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_tf import manual_seed
from tinygrad_tf.models import BERT, GPT2, BERTConfig, GenerationConfig, GPT2Config, Llama, LlamaConfig

for package in ("safetensors", "tokenizers"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[train,tokenizers]"')
import tokenizers  # noqa: E402

ROOT = Path(__file__).parents[2]
WORDS = ["[UNK]", "[MASK]", "once", "upon", "a", "time", "there", "was", "one", "é"]
MODELS = {
    "GPT-2": lambda: GPT2(GPT2Config(10, 40, 8, 1, 2, eos_token_id=None)),
    "Llama": lambda: Llama(LlamaConfig(10, 8, 12, 1, 2, eos_token_id=None)),
    "BERT, a decoder": lambda: BERT(BERTConfig(10, 8, 1, 2, 12, max_position_embeddings=40, is_decoder=True)),
    "BERT": lambda: BERT(BERTConfig(10, 8, 1, 2, 12, max_position_embeddings=40)),
}


@pytest.fixture
def demo(monkeypatch):
    """The demo's functions."""
    monkeypatch.syspath_prepend(str(ROOT / "demos"))
    import generate

    yield generate
    sys.modules.pop("generate")


def save(name, folder):
    model = MODELS[name]()
    rng = np.random.default_rng(3)
    for p in model.parameters():
        p.array[...] = rng.standard_normal(p.shape)
    model.save_pretrained(folder)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(dict(zip(WORDS, range(10), strict=True)), "[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(folder / "tokenizer.json"))
    return model.eval()


def run(demo, monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["generate.py", *map(str, args)])
    demo.main()
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in MODELS if name != "BERT"])
def test_the_text_is_what_the_model_generates(name, demo, tmp_path, monkeypatch, capsys):
    model = save(name, tmp_path)
    said = run(demo, monkeypatch, capsys, "--model", tmp_path, "--prompt", "once upon", "--max-new-tokens", 8)
    expected = model.generate(np.array([[2, 3]]), max_new_tokens=8)[0]
    assert said.split() == [WORDS[i] for i in expected]


def test_a_sample_is_the_same_for_the_same_seed(demo, tmp_path, monkeypatch, capsys):
    save("Llama", tmp_path)
    args = ["--model", tmp_path, "--prompt", "once upon", "--sample", "--temperature", 9]
    said = [run(demo, monkeypatch, capsys, *args, "--seed", seed) for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_bert_fills_in_masks_from_left_to_right(demo, tmp_path, monkeypatch, capsys):
    model = save("BERT", tmp_path)
    said = run(demo, monkeypatch, capsys, "--model", tmp_path, "--prompt", "once [MASK] a [MASK]")
    ids = np.array([[2, 1, 4, 1]])
    for place in (1, 3):
        ids[0, place] = model(ids).array[0, place].argmax()
    assert said.splitlines()[0].split() == [WORDS[ids[0, 1]], WORDS[ids[0, 3]]]
    assert said.splitlines()[1].split() == [WORDS[i] for i in ids[0]]


def test_pieces_come_one_by_one_and_no_letter_is_cut(demo, tmp_path):
    """A letter of two bytes, a token each, comes when it is whole."""

    class Bytes:
        def encode(self, text):
            return type("Encoding", (), {"ids": list(text.encode())})

        def decode(self, ids):
            return bytes(ids).decode("utf-8", errors="replace")

    class Says:
        generation, max_positions = GenerationConfig(), None

        def stream(self, ids, **settings):
            return iter([np.array([byte]) for byte in "aé!".encode()])

    assert list(demo.stream_text(Says(), Bytes(), "x")) == ["a", "é", "!"]


FLAGS = {
    "the file": ([], {}),
    "a flag": (["--no-sample", "--max-new-tokens", 3], {"do_sample": False, "max_new_tokens": 3}),
    "a temperature of 0": (["--temperature", 0], {"temperature": 0.0}),
    "several": (["--top-k", 2, "--top-p", 0.5, "--min-p", 0.1, "--repetition-penalty", 1.2,
                 "--no-repeat-ngram-size", 2],
                {"top_k": 2, "top_p": 0.5, "min_p": 0.1, "repetition_penalty": 1.2, "no_repeat_ngram_size": 2}),
    "stops": (["--stop-strings", "zero", "was", "--no-sample"], {"stop_strings": ["zero", "was"], "do_sample": False}),
}  # fmt: skip


@pytest.mark.parametrize("case", FLAGS)
def test_flags_count_before_the_file_and_the_file_before_the_defaults(case, demo, tmp_path, monkeypatch, capsys):
    flags, settings = FLAGS[case]
    save("Llama", tmp_path)
    (tmp_path / "generation_config.json").write_text(json.dumps(
        {"do_sample": True, "temperature": 3.0, "top_k": 4, "max_new_tokens": 6}))  # fmt: skip
    said = run(demo, monkeypatch, capsys, "--model", tmp_path, "--prompt", "once upon", "--seed", 4, *flags)
    model, tokenizer = demo.load(tmp_path)
    manual_seed(4)
    expected = model.generate(np.array([[2, 3]]), tokenizer=tokenizer, **settings)[0]
    assert said.split() == [WORDS[i] for i in expected]


def test_beams_of_a_file_come_in_one_piece(demo, tmp_path, monkeypatch, capsys):
    save("GPT-2", tmp_path)
    (tmp_path / "generation_config.json").write_text('{"num_beams": 3, "max_length": 9}')
    said = run(demo, monkeypatch, capsys, "--model", tmp_path, "--prompt", "once upon")
    expected = GPT2.from_pretrained(tmp_path).generate(np.array([[2, 3]]))[0]
    assert said.split() == [WORDS[i] for i in expected]


def cut_off(file):
    file.write_bytes(file.read_bytes()[:-30])


def rename_unknown(file):
    file.write_text(file.read_text("utf-8").replace('"unk_token": "[UNK]"', '"unk_token": "[NOT]"'), "utf-8")


def larger(file):
    content = json.loads(file.read_text("utf-8"))
    content["model"]["vocab"]["once"] = 999
    file.write_text(json.dumps(content), "utf-8")


def exchange_words_below_digests(folder):
    """The tokenizer of another model with as many words, where SHA256SUMS says which one it was."""
    save("GPT-2", folder)
    files = sorted(folder.iterdir())
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (folder / "SHA256SUMS").write_text(sums)
    file = folder / "tokenizer.json"
    text = file.read_text("utf-8")
    file.write_text(text.replace("once", "_").replace("upon", "once").replace('"_"', '"upon"'), "utf-8")


WRONG = {
    "no folder": (lambda f: None, ["--prompt", "a"], "the path of a folder"),
    "another kind": (lambda f: (f / "config.json").write_text(json.dumps({"model_type": "t5"})), ["--prompt", "a"],
        "'t5'"),
    "no tokenizer": (lambda f: (save("GPT-2", f), (f / "tokenizer.json").unlink()), ["--prompt", "a"],
        "tokenizer.json"),
    "a tokenizer that was cut off": (lambda f: (save("GPT-2", f), cut_off(f / "tokenizer.json")), ["--prompt", "a"],
        "tokenizer.json is damaged"),
    "a tokenizer that lacks a word": (lambda f: (save("GPT-2", f), rename_unknown(f / "tokenizer.json")),
        ["--prompt", "nothing known"], "a word that the model does not know"),
    "a tokenizer of a larger model": (lambda f: (save("GPT-2", f), larger(f / "tokenizer.json")), ["--prompt", "once"],
        "0 … 9"),
    "a tokenizer of another digest": (exchange_words_below_digests, ["--prompt", "once"],
        "tokenizer.json', which is damaged, or another file"),
    "no mask": (lambda f: save("BERT", f), ["--prompt", "once upon"], "[MASK]"),
    "empty": (lambda f: save("GPT-2", f), ["--prompt", ""], "empty"),
    "bytes": (lambda f: save("GPT-2", f), ["--prompt", "once \udcff"], "the prompt is no text"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_explained(case, demo, tmp_path, monkeypatch, capsys):
    make, args, words = WRONG[case]
    make(tmp_path)
    folder = tmp_path / "no such/folder/here" if case == "no folder" else tmp_path
    with pytest.raises(SystemExit) as caught:
        run(demo, monkeypatch, capsys, "--model", folder, *args)
    assert words in str(caught.value)


def test_the_letters_are_those_of_the_model_that_was_read(demo, tmp_path, monkeypatch, capsys):
    """Another training may write its model and its letters there between the two."""
    save("GPT-2", tmp_path)

    def late(folder, load=demo.load_tokenizer):
        save("Llama", tmp_path)
        return load(folder)

    monkeypatch.setattr(demo, "load_tokenizer", late)
    with pytest.raises(SystemExit, match="changed while it was read"):
        run(demo, monkeypatch, capsys, "--model", tmp_path, "--prompt", "once")


def test_the_script_runs(tmp_path):
    save("GPT-2", tmp_path)
    done = subprocess.run([sys.executable, ROOT / "demos/generate.py", "--model", tmp_path, "--prompt", "once",
                           "--max-new-tokens", "100"],
                          capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False,
                          env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": ""})  # fmt: skip
    assert done.returncode != 0  # 100 tokens are more than its 40 positions
    assert "positions" in done.stderr
