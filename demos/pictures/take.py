"""Take the pictures of the README anew, in both languages: the explorer at work, and a chapter of the guide.

    python demos/tour.py && python demos/pictures/take.py

It needs the package playwright (``.[test]``) and the browser Chromium. They are twice as
fine as they are shown.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import gallery  # noqa: E402 (it lies beside this folder)

GUIDE = Path("out/tour")
SHOWN = 830  # pixels: how wide the README shows a picture
CHAPTER = "dw_through_attention"
FIGURE = 3  # of the chapter: the gradients, with the products written out and the findings below it


def explorer(page: Page, file: Path, lang: str) -> None:
    """The attention head at the last step on the way to W_q, with the figures of the product."""
    page.goto(f"{file.as_uri()}#lang={lang}&theme=light")
    page.wait_for_timeout(500)
    page.keyboard.press("End")
    page.wait_for_timeout(1200)
    page.screenshot(path=HERE / f"explorer{'.zh' * (lang == 'zh')}.png")


def guide(page: Page, lang: str) -> None:
    """A figure of a chapter with all that belongs to it, up to the first finding."""
    page.goto((GUIDE / ("index.zh.html" if lang == "zh" else "index.html")).resolve().as_uri())
    figure = page.locator(f"#{CHAPTER} figure.figure").nth(FIGURE)
    found = page.locator(f"#{CHAPTER} .finding").first
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    top, bottom = figure.bounding_box(), found.bounding_box()
    assert top
    assert bottom
    shift = page.evaluate("scrollY")
    clip = {
        "x": 0,
        "y": top["y"] + shift - 12,
        "width": SHOWN,
        "height": bottom["y"] + bottom["height"] - top["y"] + 32,
    }
    page.screenshot(path=HERE / f"guide{'.zh' * (lang == 'zh')}.png", full_page=True, clip=clip)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        gallery.write(Path(folder), only="attention_head")
        browser = p.chromium.launch(executable_path=shutil.which("chromium"))
        wide = browser.new_page(viewport={"width": 1000, "height": 780}, device_scale_factor=1.66, color_scheme="light")
        page = browser.new_page(viewport={"width": SHOWN, "height": 900}, device_scale_factor=2, color_scheme="light")
        for lang in ("en", "zh"):
            explorer(wide, Path(folder) / "attention_head.html", lang)
            guide(page, lang)
        browser.close()


if __name__ == "__main__":
    main()
