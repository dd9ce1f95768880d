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
CHAPTER = "dw_through_attention"


def explorer(page: Page, file: Path, lang: str) -> None:
    """The attention head at the last step on the way to W_q, with the figures of the product."""
    page.goto(f"{file.as_uri()}#lang={lang}&theme=light")
    page.wait_for_timeout(500)
    page.keyboard.press("End")
    page.wait_for_timeout(1200)
    page.screenshot(path=HERE / f"explorer{'.zh' * (lang == 'zh')}.png")


def guide(page: Page, lang: str) -> None:
    """A chapter from its first figure on."""
    page.goto(f"{(GUIDE / ('index.zh.html' if lang == 'zh' else 'index.html')).resolve().as_uri()}#{CHAPTER}")
    page.wait_for_timeout(1500)
    page.screenshot(path=HERE / f"guide{'.zh' * (lang == 'zh')}.png")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        gallery.write(Path(folder), only="attention_head")
        browser = p.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1000, "height": 760}, device_scale_factor=1.66, color_scheme="light")
        for lang in ("en", "zh"):
            explorer(page, Path(folder) / "attention_head.html", lang)
            guide(page, lang)
        browser.close()


if __name__ == "__main__":
    main()
