// What stands on the boxes, and how large they are for it. The width of a text is measured by who asks.

import { listed, opens } from "../data/items.js";
import { gradientLetter, innerTitle, moduleTitle, nodeOperation, nodeTitle } from "../names.js";
import { shapeText, three } from "../numbers.js";
import { say } from "../words.js";

const FIRST = 12; // the size of the first line, as in style.css
const OTHER = 11;
const BOLD = 600;
const MOST = 220; // the width of a box
const MOST_OF_MODULE = 320;
const MOST_OF_TITLE = 240;

// Sets titles, lines and sizes of all items.
export function sizeItems(data, root, measure) {
  for (const item of listed(root)) {
    if (item.column) continue;
    if (item.kind === "frame") sizeFrame(item, measure);
    else sizeBox(data, item, measure);
  }
}

function sizeFrame(item, measure) {
  const title = item.module ? moduleTitle(item.module) : nodeTitle(item.node);
  item.titleWidth = Math.min(measure(title, FIRST, BOLD), MOST_OF_TITLE) + 52;
  item.title = fitted(title, MOST_OF_TITLE, (text) => measure(text, FIRST, BOLD));
}

function sizeBox(data, item, measure) {
  const width = (text, i) => measure(text, i ? OTHER : FIRST);
  const lines = linesOf(data, item);
  const ends = item.kind === "loss" ? 24 : 0; // its box is round
  item.letter = item.inner || item.kind === "module" ? say("letter") : gradientLetter(item.node);
  item.hasThird = !["constant", "input", "frozen"].includes(item.kind);
  const third = item.hasThird ? widestThird(item, measure) : 0;
  item.w = widthOfBox(item, Math.max(...lines.map(width), third), ends);
  const room = item.w - (opens(item) ? 34 : 12) - ends;
  if (item.node?.op && !item.inner) fitOperation(item.node, lines, room, width);
  item.lines = lines.map((line, i) => fitted(line, room, (text) => width(text, i)));
  item.h = 8 + 14 * (lines.length + (item.hasThird ? 1 : 0));
}

// A formula that is too long gives way to the name of the operation; the Chinese one stands where there is room.
function fitOperation(node, lines, room, width) {
  if (width(lines[0], 0) > room) lines[0] = `${node.name} = ${node.op}`;
  if (width(lines[1], 1) > room) lines[1] = typeText(node);
}

function widthOfBox(item, content, ends) {
  const natural = content + (opens(item) ? 42 : 20);
  const least = item.kind === "parameter" || item.kind === "constant" ? 56 : 100;
  const most = item.kind === "module" ? MOST_OF_MODULE : MOST;
  return Math.round(Math.max(least, ends + Math.min(natural, most)));
}

// Cut in the middle, where names of weights differ least, between whole letters; the most that fits, by halving.
export function fitted(text, room, width) {
  if (width(text) <= room) return text;
  const letters = lettersOf(text);
  const cut = (n) => [...letters.slice(0, Math.ceil(n / 2)), "…", ...letters.slice(letters.length - Math.floor(n / 2))];
  let [fits, over] = [2, letters.length];
  while (over - fits > 1) {
    const n = (fits + over) >> 1;
    if (width(cut(n).join("")) <= room) fits = n;
    else over = n;
  }
  return fits > 2 ? cut(fits).join("") : "…";
}

const MARKS = /^[\p{M}\p{Emoji_Modifier}\u200d]/u;

// What one sees as a letter: with its accents, and what joins several emoji to one.
function lettersOf(text) {
  const found = [];
  for (const c of text) {
    if (found.length && (MARKS.test(c) || found.at(-1).endsWith("\u200d"))) found[found.length - 1] += c;
    else found.push(c);
  }
  return found;
}

// The third line is left room for the widest that it may say in the course of the steps.
function widestThird(item, measure) {
  return Math.max(...normsOf(item).map((norm) => measure(thirdLine(item, norm), OTHER, BOLD)));
}

function normsOf(item) {
  if (item.inner) return [three(item.inner.norm)];
  const nodes = item.kind === "module" ? item.nodes.filter((n) => n.norm !== undefined).slice(-1) : [item.node];
  return ["–", ...nodes.flatMap((n) => [three(n.norm), ...(n.join?.partial ?? []).map((x) => `${three(x)} …`)])];
}

// The third line: the norm of the gradient, as far as it has come.
export function thirdLine(item, norm) {
  return `‖${item.letter}‖ ${norm}`;
}

function linesOf(data, item) {
  if (item.kind === "module") return [moduleTitle(item.module), ...contents(item)];
  if (item.inner) return [innerTitle(item.inner), ...(item.inner.shape.length ? [shapeText(item.inner.shape)] : [])];
  const n = item.node;
  if (n.kind === "loss") return [nodeTitle(n), `${n.title} = ${three(n.value?.mean ?? data.value)}`];
  if (n.number !== undefined) return [nodeTitle(n)];
  if (n.kind === "parameter" && nodeTitle(n).length < 9) {
    return [`${nodeTitle(n)} ${typeText(n)}`];
  }
  if (n.kind === "frozen") return [nodeTitle(n), `${shapeText(n.shape)} ${say("kind").frozen}`];
  return [nodeTitle(n), `${typeText(n)} ${nodeOperation(n)}`.trim()];
}

function typeText(node) {
  return `${shapeText(node.shape)} ${node.dtype}`;
}

// Of a closed module: its class, the shapes that go in and come out, and how much is in it.
function contents({ module, nodes }) {
  const unlike = (shapes) => [...new Set((shapes ?? []).map(shapeText))].join(", ");
  const through = [unlike(module.into), unlike(module.out)].filter(Boolean).join(" → ");
  return [`${module.kind ?? ""} ${through}`.trim(), say("contents", nodes.filter((n) => n.op).length, module.entries)];
}
