// Matrices in figures, rounded alike; of large ones the corners.

import { make } from "../elements.js";
import { number, three } from "../numbers.js";

const SMALL = "−0123456789";
const RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

// How all entries are written: with as many places, and of very small or large ones a power of ten is set apart.
export function writingOf(entries) {
  const sizes = entries.map((x) => Math.abs(number(x))).filter(Number.isFinite);
  const largest = Math.max(0, ...sizes);
  if (!largest || sizes.every((x) => Number.isInteger(x) && x < 1e4)) return { power: 0, places: 0 };
  const digits = Math.floor(Math.log10(largest));
  if (digits < -2 || digits > 3) return { power: digits, places: 2 };
  return { power: 0, places: Math.max(0, Math.min(4, 2 - digits)) };
}

export function written(x, { power, places }) {
  const v = number(x);
  if (!Number.isFinite(v)) return three(x);
  if (v === 0) return "0";
  const most = Math.max(power, -300); // 10 ** −324 is 0
  const text = (v / 10 ** most / 10 ** (power - most)).toFixed(places).replace("-", "−");
  return /^−[0.]+$/.test(text) ? text.slice(1) : text; // no −0.00
}

function powerText(power) {
  return power ? ` · 10${[...String(power).replace("-", "−")].map((c) => RAISED[SMALL.indexOf(c)]).join("")}` : "";
}

export function sizeText([rows, columns]) {
  return `(${rows}×${columns})`;
}

// A table with a cell for each entry, which knows its row and column in the whole matrix.
export function matrix(name, picked) {
  const { rows, columns, entries, shape } = picked;
  const writing = writingOf(entries);
  const table = make("table", "matrix");
  table.append(make("caption", "", `${name} ${sizeText(shape)}${powerText(writing.power)}`));
  rows.forEach((r, i) => {
    if (i && r > rows[i - 1] + 1) table.append(gapRow(columns));
    const tr = make("tr");
    columns.forEach((c, j) => {
      if (j && c > columns[j - 1] + 1) tr.append(make("td", "gap", "⋯"));
      const td = make("td", "", written(entries[i * columns.length + j], writing));
      Object.assign(td.dataset, { r, c });
      tr.append(td);
    });
    table.append(tr);
  });
  return table;
}

function gapRow(columns) {
  const tr = make("tr");
  columns.forEach((c, j) => {
    if (j && c > columns[j - 1] + 1) tr.append(make("td", "gap", "⋱"));
    tr.append(make("td", "gap", "⋮"));
  });
  return tr;
}

// The entry in a row and a column, if it is among those that are shown; of a single row or column that one.
export function entryAt({ rows, columns, entries, shape }, r, c) {
  const i = rows.indexOf(shape[0] === 1 ? 0 : r);
  const j = columns.indexOf(shape[1] === 1 ? 0 : c);
  return i < 0 || j < 0 ? undefined : entries[i * columns.length + j];
}
