"""A font with Chinese letters for figures and pictures: the user's own, one of the system, or the one that is brought.

``pip install "tinygrad_tf[chinese]"`` brings Noto Sans SC as a Python package, so that nobody needs to be root.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from .languages import either

#: Fonts with Chinese letters, as the usual systems carry them, in the order in which they are chosen.
PREFERRED = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC",
    "Hiragino Sans GB", "Heiti SC", "Microsoft YaHei", "SimHei", "Noto Sans CJK JP", "Droid Sans Fallback",
    "Arial Unicode MS",
)  # fmt: skip


def brought() -> Path | None:
    """The font file that the extra ``chinese`` brought; None without it."""
    package = importlib.util.find_spec("pylopdf_fonts_zh_cn")
    folders = package.submodule_search_locations if package else None
    file = Path(next(iter(folders)), "NotoSansSC-Regular.otf") if folders else None
    return file if file is not None and file.is_file() else None


def chinese() -> str | None:
    """The name of a font with Chinese letters that matplotlib can use; None where there is none.

    One that the user named in ``rcParams`` comes first, then the fonts that matplotlib knows, the one that is brought,
    and those that were installed since matplotlib made its list.
    """
    from matplotlib import rcParams

    settings: Any = rcParams
    own = [name for family in settings["font.family"] for name in settings.get(f"font.{family}", [family])]
    file = brought()
    return _known([*own, *PREFERRED]) or (_added([file]) if file else None) or _looked_up()


def missing() -> str:
    """What to say where there is no such font."""
    return either(
        "no font with Chinese characters is installed, so they show as boxes; "
        'pip install "tinygrad_tf[chinese]" brings one, or install one, for example Noto Sans CJK SC '
        "(on Debian and Ubuntu: apt install fonts-noto-cjk)",
        "没有安装含汉字的字体，汉字会显示成方框；"
        'pip install "tinygrad_tf[chinese]" 会带来一个，或者自己安装，例如 Noto Sans CJK SC'
        "（Debian 和 Ubuntu：apt install fonts-noto-cjk）",
    )


def _known(names: Any) -> str | None:
    """The first of the names whose font matplotlib knows and that has Chinese letters."""
    from matplotlib.font_manager import fontManager

    files = {font.name: font.fname for font in fontManager.ttflist}
    return next((name for name in names if name in files and _has_chinese(files[name])), None)


def _added(files: Any) -> str | None:
    """The name of the first of the files that has Chinese letters, made known to matplotlib."""
    from matplotlib.font_manager import fontManager, get_font

    for file in filter(_has_chinese, files):
        fontManager.addfont(file)
        return str(get_font(os.fspath(file)).family_name)
    return None


def _looked_up() -> str | None:
    """Another font that matplotlib knows, or one that is there now and that it does not know."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {font.fname for font in fontManager.ttflist}
    return _known(sorted({font.name for font in fontManager.ttflist})) or _added(sorted(set(findSystemFonts()) - known))


def _has_chinese(file: Any) -> bool:
    """Whether there is a 中 in the font."""
    from matplotlib.font_manager import get_font

    try:
        return bool(get_font(os.fspath(file)).get_char_index(ord("中")))
    except (OSError, RuntimeError):  # a font that was taken away, or is damaged
        return False
