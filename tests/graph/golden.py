"""Write the golden DOT files anew, after a change of the pictures that is meant: python tests/graph/golden.py"""

from pathlib import Path

from graphs import GRAPHS

from tinygrad_tf.graph import draw

if __name__ == "__main__":
    folder = Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    for name in ("chain", "diamond", "square"):
        (folder / f"{name}.dot").write_text(draw(GRAPHS[name]()[0]).source, encoding="utf-8")
