"""Search and links of the site: what its pages' sections say, and which links lead nowhere."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from command_line import write

Entry = tuple[str, str, str, str, str]  # address, page, title, text, language


HEADINGS = ("h1", "h2", "h3", "h4", "dt")  # a dt is a term of the glossary
UNREAD = ("script", "style", "nav", "header", "svg", "math")
UNREAD_CLASSES = ("number", "view-source-button", "pdoc-code codehilite")  # of the API: the source of each function
INLINE = ("a", "b", "code", "em", "i", "span", "strong", "sub", "sup", "wbr")  # words go on over their ends
VOID = ("input", "meta", "link", "img", "br", "hr", "wbr")


class Sections(HTMLParser):
    """The sections of a page: what follows each element that has an id and begins one."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file, self.page, self.lang = file, "", ""
        self.found: list[list[str]] = [["", "", ""]]  # anchor, title, text
        self.skipped: list[str] = []  # the open elements from the first that is not read
        self.heading = ""  # the heading that is open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "html":
            self.lang = (given.get("lang") or "")[:2]
        if self.skipped or tag in UNREAD or given.get("class") in UNREAD_CLASSES:
            if tag not in VOID:
                self.skipped.append(tag)
            return
        if tag not in INLINE:
            self.found[-1][2] += " "
        if given.get("id") and tag in ("section", "div", *HEADINGS):
            self.found.append([given["id"] or "", "", ""])
        if tag == "title" or (tag in HEADINGS and not self.found[-1][1]):
            self.heading = tag

    def handle_endtag(self, tag: str) -> None:
        if self.skipped and self.skipped[-1] == tag:
            self.skipped.pop()
        elif tag == self.heading:
            self.heading = ""
        elif tag not in INLINE:
            self.found[-1][2] += " "

    def handle_data(self, data: str) -> None:
        if self.skipped:
            return
        if self.heading == "title":
            self.page += data
        elif self.heading:
            self.found[-1][1] += data
        else:
            self.found[-1][2] += data

    def entries(self) -> Iterator[Entry]:
        for anchor, title, text in self.found:
            title, text = " ".join(title.split()), " ".join(text.split())
            title = title or anchor
            if title:
                yield f"{self.file}#{anchor}" if anchor else self.file, self.page, title, text[:2000], self.lang


def write_index(out: Path) -> int:
    """What search.js looks through; returns how many sections there are."""
    entries: list[Entry] = []
    for path in sorted(out.rglob("*.html")):
        file = path.relative_to(out).as_posix()
        if file.startswith(("gallery/", "api/index", "files/")):
            continue
        reader = Sections(file)
        reader.feed(path.read_text(encoding="utf-8"))
        for url, title, *rest, lang in reader.entries():
            everywhere = "" if file.startswith("api/") else lang
            entries.append(
                (url, title.removesuffix(" · tinygrad_tf").removesuffix(" API documentation"), *rest, everywhere)
            )
    write(out / "index.js", f"const INDEX = {json.dumps(entries, ensure_ascii=False)};\n")
    return len(entries)


def without_dead_places(text: str) -> str:
    """A page without those of its links to places on itself that it does not have; their words stay."""
    there = set(re.findall(r'\bid="([^"]+)"', text))
    return re.sub(
        r'<a href="#([^"]*)"[^>]*>(.*?)</a>', lambda m: m[0] if m[1] in there else m[2], text, flags=re.DOTALL
    )


def broken_links(out: Path) -> list[str]:
    """Every link of the site that leads nowhere on it: a file that is not there, or a place that is not in the file."""
    texts = {path: re.sub(r"<script\b[^>]*>.+?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
             for path in out.rglob("*.html") if "gallery" not in path.parts}  # fmt: skip
    ids = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in texts.items()}
    found = []
    for path, text in texts.items():
        for link in re.findall(r'<(?:a|link|img|script)\b[^>]*?\b(?:href|src)="([^"]*)"', text):
            link = html.unescape(link)
            if re.match(r"https?:|data:|mailto:|javascript:", link):
                continue
            file, _, place = link.partition("#")
            target = (path.parent / unquote(file)).resolve() if file else path.resolve()
            missing = place and target in ids and unquote(place) not in ids[target] | {"top"}
            if missing or not target.exists():
                found.append(f"{path.relative_to(out)}: {link}")
    return sorted(set(found))
