"""A font with Chinese letters is found wherever it is: named by the user, installed, brought, or installed since."""

import pytest

from tinygrad_tf import language
from tinygrad_tf.wording import fonts

font_manager = pytest.importorskip("matplotlib.font_manager", reason='pip install "tinygrad_tf[train]"')
from matplotlib import rc_context  # noqa: E402 (after it is known to be there)


@pytest.fixture
def font(tmp_path):
    """A function that makes a font of this name, with a box for each of the letters."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    def make(name, letters):
        pen = TTGlyphPen(None)
        pen.moveTo((100, 0)), pen.lineTo((100, 700)), pen.lineTo((700, 700)), pen.lineTo((700, 0)), pen.closePath()
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder([".notdef", "box"])
        builder.setupCharacterMap({ord(letter): "box" for letter in letters})
        builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "box": pen.glyph()})
        builder.setupHorizontalMetrics({".notdef": (500, 0), "box": (800, 100)})
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": name, "styleName": "Regular"})
        builder.setupOS2()
        builder.setupPost()
        path = tmp_path / f"{name}.ttf"
        builder.save(path)
        return str(path)

    return make


@pytest.fixture
def bare(monkeypatch):
    """A machine with matplotlib's own fonts alone; ``bare(files)`` are those that are installed there later."""
    manager, later = font_manager.fontManager, []
    monkeypatch.setattr(manager, "ttflist", [f for f in manager.ttflist if f.name.startswith("DejaVu")])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: later)
    monkeypatch.setattr(fonts, "brought", lambda: None)
    return later.extend


def test_without_any_there_is_none(bare):
    assert fonts.chinese() is None
    assert 'pip install "tinygrad_tf[chinese]"' in fonts.missing()


def test_what_to_do_is_said_in_chinese(bare):
    with language("zh"):
        assert "没有安装含汉字的字体" in fonts.missing()


def test_one_that_was_installed_since_matplotlib_looked_is_found(bare, font):
    bare([font("Latin alone", "A"), font("Just Installed", "中A")])
    assert fonts.chinese() == "Just Installed"


def test_a_damaged_font_is_passed_over(bare, font, tmp_path):
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    bare([str(tmp_path / "damaged.ttf"), font("Whole", "中")])
    assert fonts.chinese() == "Whole"


def test_the_one_that_is_brought_is_used(bare, font, monkeypatch):
    monkeypatch.setattr(fonts, "brought", lambda: font("Brought", "中"))
    assert fonts.chinese() == "Brought"


OF_THE_FAMILY = {"font.family": ["sans-serif"], "font.sans-serif": ["Mine", "DejaVu Sans"]}


@pytest.mark.parametrize("setting", [{"font.family": ["Mine"]}, OF_THE_FAMILY])
def test_one_that_the_user_named_comes_first(bare, font, setting):
    for name in ("SimHei", "Mine"):
        font_manager.fontManager.addfont(font(name, "中"))
    with rc_context(setting):
        assert fonts.chinese() == "Mine"


def test_one_that_the_user_named_without_chinese_letters_is_not_taken(bare, font):
    for name, letters in (("SimHei", "中"), ("Mine", "A")):
        font_manager.fontManager.addfont(font(name, letters))
    with rc_context({"font.family": ["Mine"]}):
        assert fonts.chinese() == "SimHei"


def test_one_of_another_name_that_matplotlib_knows_is_found(bare, font):
    font_manager.fontManager.addfont(font("Nobody Knows It", "中"))
    assert fonts.chinese() == "Nobody Knows It"


def test_the_extra_brings_a_font_with_chinese_letters():
    pytest.importorskip("pylopdf_fonts_zh_cn", reason='pip install "tinygrad_tf[chinese]"')
    assert font_manager.get_font(str(fonts.brought())).get_char_index(ord("中"))
