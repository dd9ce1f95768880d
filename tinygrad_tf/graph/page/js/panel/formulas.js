// Formulas: MathML from the trees in the data.

import { make } from "../elements.js";
import { inWords, oneLine } from "../names.js";
import { say } from "../words.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";

// A formula with the lines that it reads; code that no formula says stands as it is.
export function formula(data, index, back = false) {
  const box = make("div", back ? "formula back" : "formula");
  if (index === undefined || index === null) return box;
  const [text, trees] = data.formulas[index];
  const lines = text.split("\n");
  const code = ([tag]) => tag === "mtext";
  box.append(...trees.map((tree, i) => (code(tree) ? make("pre", "", tree[1]) : formulaLine(tree, i, lines[i]))));
  return box;
}

// The first line is the formula, the others say what its letters are.
function formulaLine(tree, i, text = "") {
  const math = document.createElementNS(MATHML, "math");
  if (!i) math.setAttribute("displaystyle", "true");
  math.setAttribute("dir", "ltr"); // whatever direction a name in it has
  math.setAttribute("aria-label", oneLine(inWords(text)));
  math.append(mathElement(tree));
  const line = make("div", i ? "sub" : "");
  if (i === 1) line.append(make("span", "", `${say("where")} `));
  line.append(math);
  return line;
}

function mathElement([tag, ...children]) {
  const made = document.createElementNS(MATHML, tag);
  for (const c of children) {
    if (typeof c !== "string") made.append(mathElement(c));
    else made.textContent = withSpaces(tag === "mtext" ? inFormula(c) : c);
    if (c === "⊤") made.setAttribute("mathvariant", "normal"); // alone it would be slanted
  }
  return made;
}

// The words between the names of a formula, in the language of the page.
function inFormula(text) {
  const words = say("inFormulas");
  return Object.hasOwn(words, text) ? words[text] : text; // not what every object has: constructor
}

// MathML leaves out the spaces at the ends of a text, which " or " needs.
export function withSpaces(text) {
  return oneLine(text).replace(/^ | $/g, "\u00a0");
}

export function formulaText(data, index) {
  return index === undefined || index === null ? "" : inWords(data.formulas[index][0].split("\n")[0]);
}
