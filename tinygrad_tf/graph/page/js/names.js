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
  const turns = !line.includes("\u2068") && /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(line);
  return turns ? `\u2068${line}\u2069` : line;
}

// A formula on one line, with its words in the language of the page.
export function inWords(text) {
  const { scatter, ...words } = say("inFormulas");
  const said = text
    .replace(/\bscatter\((.+) at \[/g, `${scatter}($1${words[" at "]}[`)
    .replace(/ with (.+?) at \[/g, `${words[" with "]}$1${words[" at "]}[`)
    .replace(/\((\w+) or (\w+)\)/g, `($1${words[" or "]}$2)`);
  return casesSaid(said);
}

// One of the cases may have cases in its turn.
function casesSaid(text) {
  const said = text.replace(/\{(.+?) if (.+?), else (.+?)\}/g, say("cases"));
  return said === text ? text : casesSaid(said);
}

// The Chinese name of an operation, which stands behind the Latin one; some go by that in Chinese, too.
function chineseName(op) {
  const name = inChinese() && Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined; // not constructor
  return name && name.toLowerCase() !== op ? name : "";
}

export function operationName(op) {
  return chineseName(op) ? `${op} ${chineseName(op)}` : op;
}

// What stands on the box of a node: its name and what computes it, as in a picture.
export function nodeTitle(n) {
  return inWords(n.text ?? n.title);
}

// The Chinese name of its operation, for where there is room for it.
export function nodeOperation(n) {
  return n.op ? chineseName(n.op) : "";
}

// The same of a primitive inside a fused node.
export function innerTitle(part) {
  if (part.op) return inWords(part.text);
  return part.number === undefined ? part.title : three(part.number);
}

export function moduleTitle(m) {
  return m.count > 1 ? `${m.title}  × ${m.count}` : m.title;
}

// What a node is called: it has one name in all of the page.
export function fullName(n) {
  return n.name ?? n.title;
}

// Short: without the modules that it shares with most of the picture.
export function shortName(n) {
  const pieces = fullName(n).split(".");
  return pieces.length > 4 ? pieces.slice(-4).join(".") : fullName(n);
}

// What its gradient is called: dW; d encoder.linear1.weight, where a path would run into the d.
export function gradientName(n, name = fullName(n)) {
  return /[. ]/.test(name) ? `d ${name}` : `d${name}`;
}

// The same on its box, where there is little room: dW_q, else "grad".
export function gradientLetter(n) {
  return n.name && !/[. ]/.test(n.name) && n.name.length <= 6 ? `d${n.name}` : say("letter");
}
