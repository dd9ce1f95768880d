"""What tests of pictures share."""

import html
import re

import pytest

from tinygrad_tf.graph.pictures.engine import command


@pytest.fixture
def svg_of():
    """A function from a picture to the words in its SVG; skips where nothing can lay it out."""
    if command("svg") is None:
        pytest.skip("there is no Graphviz here: neither the program dot nor pygraphviz")

    def words(picture):
        svg = picture.pipe("svg", encoding="utf-8")
        found = [html.unescape(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
        return "\n".join(found).replace("\xa0", " ")

    return words
