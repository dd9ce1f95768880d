// What operations, nodes and gradients are called, on boxes and in sentences.

import { three } from "./numbers.js";
import { inChinese, say } from "./words.js";
import OPERATIONS from "../operations.json" with { type: "json" };

// A name without breaks of lines.
export function oneLine(text) {
  return text.replace(/[\r\n\t]+/g, " ");
}

// The same kept apart from what is around it where it runs from right to left: it would turn that around, too.
export function apart(text) {
  const line = oneLine(text);
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(line) ? `\u2068${line}\u2069` : line;
}

// The Chinese name of an operation, which stands behind the Latin one; some go by that in Chinese, too.
function chineseName(op) {
  const name = inChinese() ? OPERATIONS[op] : undefined;
  return name && name.toLowerCase() !== op ? name : "";
}

export function operationName(op) {
  return chineseName(op) ? `${op} ${chineseName(op)}` : op;
}

function operationInText(op) {
  return chineseName(op) ? op + say("bracketed", chineseName(op)) : op;
}

// What a node is called on its box: its own name, or the module of which it is the only operation, else the operation.
// `brief` leaves out the second name of an operation, the Chinese one behind the Latin one.
export function nodeTitle(n, brief = false) {
  if (!n.op) return n.kind === "constant" && n.number === undefined ? say("kind").constant : n.title;
  const op = brief ? n.op : operationName(n.op);
  if (n.kind === "loss") return op;
  if (n.name) return `${n.title} · ${op}`;
  if (!n.label) return op;
  if (!n.label.startsWith(n.op)) return `${n.label} · ${op}`;
  return n.label + op.slice(n.op.length); // linear1, linear1 线性
}

// The same of a primitive inside a fused node.
export function innerTitle(part) {
  if (!part.op) return part.number !== undefined ? three(part.number) : say("kind").constant;
  return part.title === part.op ? operationName(part.op) : `${part.title} · ${operationName(part.op)}`;
}

export function moduleTitle(m) {
  return m.count > 1 ? `${m.title}  × ${m.count}` : m.title;
}

// What a node is called in a sentence: with the modules around it.
export function fullName(n) {
  if (n.name?.includes(".")) return n.name;
  const own = n.name ?? (n.label ? "" : operationInText(n.op || n.kind));
  const path = n.path && n.kind !== "input" ? n.path : "";
  return [path, own].filter(Boolean).join(path && own && !n.name ? " · " : ".") || n.title;
}

// Short: without the modules that it shares with most of the picture.
export function shortName(n) {
  const text = fullName(n);
  const pieces = text.split(".");
  return pieces.length > 4 ? pieces.slice(-4).join(".") : text;
}

// What its gradient is called: dW; the gradient of encoder.linear1.weight, where a path would run into the d.
export function gradientName(n, name = fullName(n)) {
  const letters = n.name && !n.name.includes(".") && n.name.length <= 8;
  return letters ? `d${n.name}` : say("gradientOf", name);
}

// The same on its box, where there is little room: dW_q, else "grad", for no letter there is the user's.
export function gradientLetter(n) {
  return n.name && !n.name.includes(".") && n.title.length <= 4 ? `d${n.title}` : say("letter");
}
