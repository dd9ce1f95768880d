"use strict";
// Search over the whole site, without a server: every word must occur, in any order; titles count before text.
/* global INDEX, NOTHING */
{
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  const MOST = 12;
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const entries = INDEX.map(([url, page, title, text, lang]) => (
    { url, page, title, text, lang, head: fold(title), body: fold(`${title} ${page} ${text}`) }
  ));

  function found(query) {
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const own = document.documentElement.lang.slice(0, 2);
    return entries
      .filter((entry) => (!entry.lang || entry.lang === own) && words.every((word) => entry.body.includes(word)))
      .map((entry) => ({ entry, rank: rank(entry, words) }))
      .sort((a, b) => b.rank - a.rank)
      .slice(0, MOST)
      .map(({ entry }) => [entry, words]);
  }

  function worth(head, word) {
    if (head === word) return 8;
    if (head.startsWith(word)) return 4;
    return head.includes(word) ? 2 : 0;
  }

  // Of equals the shorter title comes first.
  function rank({ head }, words) {
    return words.reduce((sum, word) => sum + worth(head, word), 0) - head.length / 1000;
  }

  // The place of the first word, with what stands around it.
  function excerpt({ text }, [word]) {
    const at = fold(text).indexOf(word);
    const from = Math.max(0, at - 40);
    return (from ? "…" : "") + text.slice(from, from + 120) + (from + 120 < text.length ? "…" : "");
  }

  function line(entry, words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = entry.url;
    for (const [tag, words_] of [["b", entry.title], ["i", entry.page], ["span", excerpt(entry, words)]]) {
      link.append(Object.assign(document.createElement(tag), { textContent: words_ }));
    }
    item.append(link);
    return item;
  }

  function show() {
    const lines = found(field.value).map(([entry, words]) => line(entry, words));
    if (!lines.length) lines.push(Object.assign(document.createElement("li"), { textContent: NOTHING }));
    list.replaceChildren(...lines);
    list.hidden = !field.value.trim();
  }

  field.addEventListener("input", show);
  field.addEventListener("focus", show);
  document.addEventListener("click", (event) => { if (!event.target.closest("search")) list.hidden = true; });
  document.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) field.focus();
    else if (event.key === "Escape") { list.hidden = true; field.blur(); return; }
    else if (list.hidden || !links.length || !event.target.closest("search")) return;
    else if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)].focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : field).focus();
    else if (event.key === "Enter" && event.target === field) links[0].click();
    else return;
    event.preventDefault();
  });
}
