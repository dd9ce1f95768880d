"use strict";
const root = document.documentElement;
const frames = [...document.querySelectorAll("iframe[data-page]")];

// An explorer is a page of its own, made when it comes near; its fragment says language and theme.
function address(frame) {
  frame.blob ??= URL.createObjectURL(new Blob([frame.dataset.page], { type: "text/html" }));
  return `${frame.blob}#lang=${root.lang.slice(0, 2)}&theme=${root.dataset.theme}`;
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting && !entry.target.src) entry.target.src = address(entry.target);
}, { rootMargin: "600px" });
for (const frame of frames) near.observe(frame);

// When theme.js switches the theme, the fragment alone is replaced: the explorer stays as it is, and the way back
// through the history, too.
new MutationObserver(() => {
  for (const frame of frames) if (frame.src) frame.contentWindow.location.replace(address(frame));
}).observe(root, { attributeFilter: ["data-theme"] });

// The explorer in the middle of the window takes the arrows that step, without a click into it.
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!["ArrowLeft", "ArrowRight"].includes(key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest?.("[tabindex], input, select, textarea")) return;
  const seen = frames.find((frame) => {
    const { top, bottom } = frame.getBoundingClientRect();
    return frame.src && top < innerHeight / 2 && bottom > innerHeight / 2;
  });
  if (!seen) return;
  seen.contentWindow.postMessage({ key, shiftKey: event.shiftKey }, "*");
  event.preventDefault();
});

// The chapter that is being read is marked in the contents, and kept when the language is changed.
const links = new Map([...document.querySelectorAll("#contents a")].map((a) => [a.hash.slice(1), a]));
const language = document.getElementById("language");
const file = language.getAttribute("href");
const sections = [...document.querySelectorAll("main > section")];
function mark() {
  const read = sections.findLast((section) => section.getBoundingClientRect().top < innerHeight / 4);
  for (const [name, link] of links) link.toggleAttribute("aria-current", name === read?.id);
  language.href = read ? `${file}#${read.id}` : file;
}
const reading = new IntersectionObserver(mark, { rootMargin: "-20% 0px -75% 0px" });
for (const section of sections) reading.observe(section);

const menu = document.getElementById("menu");
menu.addEventListener("toggle", () => document.body.classList.toggle("menu", menu.open));
document.addEventListener("click", (event) => {
  if (!event.target.closest("#menu") && event.target.id !== "contents") menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.firstElementChild.focus();
});

// What is wider than its box can be reached by the Tab key, and then moved by the arrows.
const boxes = [...document.querySelectorAll(".box, .formula, pre.code, .exercise pre, .answer pre")];
function reach() {
  const wide = boxes.map((box) => box.scrollWidth - box.clientWidth);  // read all, then write all: one layout
  boxes.forEach((box, i) => {
    if (wide[i] <= 1) { box.removeAttribute("tabindex"); return; }
    box.tabIndex = 0;
    if (box.parentElement.className === "drawing") box.scrollLeft ||= wide[i] / 2;  // the middle has most of it
  });
}
// A cell's code is copied as a program that runs by itself; without a clipboard (an old browser) through a selection.
async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
for (const button of document.querySelectorAll(".copy")) {
  const words = button.textContent;
  button.addEventListener("click", async () => {
    await copy(button.dataset.program);
    button.textContent = button.dataset.done;
    button.focus();
    setTimeout(() => { button.textContent = words; }, 1500);
  });
}

// What is folded opens where the address leads into it, and all answers are printed.
function led() {
  try { return document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return null; }  // #%
}
function unfold() {
  const at = led();
  for (let part = at && at.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
}
addEventListener("hashchange", unfold);
unfold();
const answers = [...document.querySelectorAll(".answer")];
let shut = [];
addEventListener("beforeprint", () => {
  shut = answers.filter((answer) => !answer.open);
  for (const answer of shut) answer.open = true;
});
addEventListener("afterprint", () => { for (const answer of shut) answer.open = false; });

for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", reach);
addEventListener("load", reach);
addEventListener("resize", reach);
