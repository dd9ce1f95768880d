// A step in figures: an equation with its matrices, and for one entry the row, the column and the sum that make it.

import { make } from "../elements.js";
import { inWords } from "../names.js";
import { number, significant, three } from "../numbers.js";
import { say } from "../words.js";
import { entryAt, matrix, sizeText } from "./matrix.js";

export function equationBox(equation) {
  const box = make("div", "worked");
  const { result, operands } = equation;
  const tables = operands.map((o) => matrix(inWords(o.text), o.picked));
  const whole = matrix(equation.left, result);
  const row = make("div", "matrices");
  row.append(whole, ...tables.map((t, i) => withSign(signBefore(equation, i), t)));
  const sum = make("output", "sum");
  box.append(make("div", "equation", equationText(equation)), row, sum);
  if (result.batch?.length) box.append(make("div", "quiet", say("batch", result.batch.join(" × "))));
  const light = (r, c) => lightUp({ equation, whole, tables, sum }, r, c);
  listenToEntries(whole, light);
  if (result.entries.length) light(...largestOf(result)); // of an empty array no entry can be pointed at
  return box;
}

// dW_q (4×2) = Xᵀ (4×3) · dQ (3×2); of what is no plain product the sizes stand above the matrices.
function equationText({ left, right, result, operands, product }) {
  const plain = product?.length === 2 && operands.length === 2 && isBare(right);
  const sized = (o) => `${inWords(o.text)} ${sizeText(o.picked.shape)}`;
  return `${left} ${sizeText(result.shape)} = ${plain ? operands.map(sized).join(" · ") : inWords(right)}`;
}

function isBare(right) {
  return !/[/+⊙]/.test(right);
}

function signBefore({ product, operands }, i) {
  if (i === 0) return "=";
  return product?.length === 2 && operands.length === 2 ? "·" : ",";
}

// A sign stays with the matrix behind it where the line breaks.
function withSign(sign, table) {
  const pair = make("div", "pair");
  pair.append(make("span", "sign", sign), table);
  return pair;
}

function largestOf({ rows, columns, entries }) {
  const sizes = entries.map((x) => Math.abs(number(x)));
  const at = Math.max(0, sizes.indexOf(Math.max(...sizes)));
  return [rows[Math.floor(at / columns.length)], columns[at % columns.length]];
}

// ---- one entry ------------------------------------------------------------------------------------------------------

function lightUp({ equation, whole, tables, sum }, r, c) {
  const { operands } = equation;
  lit(whole, (cell) => Number(cell.dataset.r) === r && Number(cell.dataset.c) === c);
  tables.forEach((table, i) => lit(table, (cell) => isUsed(operands[i].picked, roleOf(equation, i), cell, [r, c])));
  for (const cell of whole.querySelectorAll("td[data-r]")) cell.tabIndex = cell.className === "lit" ? 0 : -1;
  sum.textContent = sumText(equation, r, c);
}

function lit(table, isLit) {
  for (const cell of table.querySelectorAll("td[data-r]")) cell.className = isLit(cell) ? "lit" : "";
}

function roleOf({ operands, product = [], result }, i) {
  const alone = sumsRow(operands, product, result) ? "row" : "column";
  if (product.length === 1) return i === product[0] ? alone : "entry";
  return { [product[0]]: "row", [product[1]]: "column" }[i] ?? "entry";
}

// Of one operand a row is summed where it has more columns than the result, else a column.
function sumsRow(operands, product, result) {
  return product.length === 1 && operands[product[0]].picked.shape[1] > result.shape[1];
}

function isUsed({ shape }, role, cell, [r, c]) {
  const row = Number(cell.dataset.r) === (shape[0] === 1 ? 0 : r);
  const column = Number(cell.dataset.c) === (shape[1] === 1 ? 0 : c);
  return { row, column, entry: row && column }[role];
}

// How the entry comes about, with its numbers: 0.12 · 0.3 + … = 0.27.
export function sumText(equation, r, c) {
  const { entry, operands, result, left } = equation;
  const value = entryAt(result, r, c);
  const head = `${left}[${r}, ${c}]`;
  if (!entry?.length) return `${head} = ${three(value)}`;
  const alone = entry.length === 1;
  const terms = termsOf(equation, r, c);
  const write = (x) => signed(x, digitsFor(equation, terms, r, c));
  const pieces = entry.map((piece) => {
    if (typeof piece === "string") return piece;
    if (piece < 0) return alone ? products(terms, write) : `(${products(terms, write)})`;
    return write(entryAt(operands[piece].picked, r, c));
  });
  return `${head} = ${pieces.join("")} = ${three(value)}`;
}

// The terms of the sum that are shown, each as its factors, and whether some are left out before it.
function termsOf({ operands, product = [], result }, r, c) {
  const [a, b] = product.map((i) => operands[i].picked);
  if (!a) return [];
  const row = sumsRow(operands, product, result);
  const steps = b || row ? a.columns : a.rows;
  const one = (k) => [row ? entryAt(a, r, k) : entryAt(a, k, c)];
  return steps.map((k, i) => ({
    factors: b ? [entryAt(a, r, k), entryAt(b, k, c)] : one(k),
    gap: i > 0 && k > steps[i - 1] + 1,
  }));
}

function products(terms, write) {
  return terms.map(({ factors, gap }) => `${gap ? "… + " : ""}${factors.map(write).join(" · ")}`).join(" + ");
}

const [FEWEST_DIGITS, MOST_DIGITS] = [3, 5]; // digits; the data has five

// Where large terms nearly cancel out, three digits of each would not give the entry.
function digitsFor({ entry, operands, result }, terms, r, c) {
  const summed = terms.map(({ factors }) => factors.reduce((x, y) => x * number(y), 1));
  const added = entry.filter((piece) => piece >= 0 && entry.some((text) => / [+−] /.test(text)));
  const sizes = [...summed, ...added.map((i) => number(entryAt(operands[i].picked, r, c)))].map(Math.abs);
  const lost = Math.log10(Math.max(...sizes) / Math.abs(number(entryAt(result, r, c))));
  if (!Number.isFinite(lost)) return FEWEST_DIGITS;
  return Math.max(FEWEST_DIGITS, Math.min(MOST_DIGITS, FEWEST_DIGITS + Math.ceil(lost)));
}

function signed(x, digits) {
  const text = significant(x, digits);
  return text.startsWith("−") ? `(${text})` : text;
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// An entry is pointed at, or moved to with the arrows.
function listenToEntries(table, light) {
  const at = (cell) => [Number(cell.dataset.r), Number(cell.dataset.c)];
  const show = (event) => {
    const cell = event.target.closest("td[data-r]");
    if (cell) light(...at(cell));
  };
  table.addEventListener("pointerover", show);
  table.addEventListener("focusin", show);
  table.addEventListener("keydown", (event) => {
    const [down, right] = MOVES[event.key] ?? [0, 0];
    if (!MOVES[event.key] || !event.target.dataset.r) return;
    event.preventDefault();
    event.stopPropagation(); // the page would step
    const line = (cells, i, by) => cells[Math.max(0, Math.min(cells.length - 1, i + by))];
    const rows = [...table.rows].filter((tr) => tr.querySelector("[data-r]"));
    const cells = (tr) => [...tr.querySelectorAll("[data-r]")];
    const tr = event.target.parentElement;
    const j = cells(tr).indexOf(event.target);
    line(cells(line(rows, rows.indexOf(tr), down)), j, right).focus();
  });
}
