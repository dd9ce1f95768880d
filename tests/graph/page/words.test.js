import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import * as names from "../../../tinygrad_tf/graph/page/js/names.js";
import { say, speak, WORDS } from "../../../tinygrad_tf/graph/page/js/words.js";

const PAGE = fileURLToPath(new URL("../../../tinygrad_tf/graph/page/", import.meta.url));
const FILES = ["index.html", ...readdirSync(`${PAGE}js`, { recursive: true }).map((file) => `js/${file}`)];
const SOURCES = FILES.filter((file) => /(html|js)$/.test(file) && file !== "js/words.js");

// What a word is: a text, a function of so many arguments, or a table or list of words.
function form(word) {
  if (typeof word === "object") return Object.keys(word);
  return typeof word === "function" ? word.length : "text";
}

test("each word is there in both languages, in the same form", () => {
  assert.deepEqual(Object.keys(WORDS.zh), Object.keys(WORDS.en));
  for (const key of Object.keys(WORDS.en)) assert.deepEqual(form(WORDS.zh[key]), form(WORDS.en[key]), key);
});

test("each word is said somewhere", () => {
  const text = SOURCES.map((file) => readFileSync(PAGE + file, "utf8")).join("\n");
  assert.deepEqual(Object.keys(WORDS.en).filter((key) => !text.includes(`"${key}"`)), []);
});

test("no Chinese letter stands outside the table of words", () => {
  for (const file of SOURCES) {
    const code = readFileSync(PAGE + file, "utf8").replace(/\/\/ .*/g, "")
      .replace(/<noscript>.*?<\/noscript>/s, "");  // it is read where no script can look into the table
    assert.doesNotMatch(code, /[\u3000-\u9fff\uff00-\uffef]/, file);
  }
});

test("a word with numbers in it is a function of them", () => {
  speak("en");
  assert.equal(say("count", 3, 7), "3 / 7");
  assert.equal(say("title"), "How dW flows backward");
});

test("in Chinese a space stands between Latin letters and Chinese ones", () => {
  speak("zh");
  assert.match(say("one", "W", "1"), /^W 的/);
  assert.match(say("one", "权重", "1"), /^权重的/);
});

// ---- names ----------------------------------------------------------------------------------------------------------

const NODES = {
  named: { kind: "operation", op: "add", name: "H", title: "H", text: "H = X + Z", path: "encoder" },
  unnamed: { kind: "operation", op: "tanh", name: "A₁", title: "A₁", text: "A₁ = tanh(H)", path: "encoder.layers.0" },
  only: { kind: "operation", op: "linear", label: "linear1", name: "A₂", title: "A₂", text: "A₂ = X · W", path: "l1" },
  loss: { kind: "loss", op: "sum", name: "L", title: "L", text: "L = Σ(A₁)", path: "" },
  constant: { kind: "constant", op: "", title: "constant", path: "" },
  number: { kind: "constant", op: "", title: "0.5", number: 0.5, path: "" },
  weight: { kind: "parameter", op: "", name: "encoder.linear1.weight", title: "encoder.linear1.weight" },
  deep: { kind: "parameter", op: "", name: "encoder.layers.0.linear1.weight", title: "", path: "" },
  letter: { kind: "parameter", op: "", name: "W_q", title: "W_q", path: "" },
  words: { kind: "parameter", op: "", name: "two words", title: "two words", path: "" },
  long: { kind: "parameter", op: "", name: "queries", title: "queries", path: "" },
};
const TITLES = [
  ["named", "H = X + Z"],
  ["unnamed", "A₁ = tanh(H)"],
  ["only", "A₂ = X · W"],
  ["loss", "L = Σ(A₁)"],
  ["constant", "constant"],
  ["number", "0.5"],
  ["weight", "encoder.linear1.weight"],
];
const OPERATIONS = [
  ["named", "", "加"],
  ["unnamed", "", "双曲正切"],
  ["weight", "", ""],
];
const NAMES = [
  ["named", "H"],
  ["unnamed", "A₁"],
  ["only", "A₂"],
  ["loss", "L"],
  ["number", "0.5"],
  ["weight", "encoder.linear1.weight"],
];
const GRADIENTS = [
  ["letter", "dW_q"],
  ["unnamed", "dA₁"],
  ["weight", "d encoder.linear1.weight"],
  ["words", "d two words"],
];
const LETTERS = [
  ["letter", "dW_q"],
  ["unnamed", "dA₁"],
  ["weight", "grad", "梯度"],
  ["words", "grad", "梯度"],
  ["long", "grad", "梯度"],
  ["number", "grad", "梯度"],
];

function called(title, table, of) {
  for (const [node, ...texts] of table) {
    test(`${title} of the ${node} node`, () => {
      for (const [i, lang] of ["en", "zh"].entries()) {
        speak(lang);
        assert.equal(of(NODES[node]), texts[i] ?? texts[0]);
      }
    });
  }
}
called("the title", TITLES, names.nodeTitle);
called("the operation", OPERATIONS, names.nodeOperation);
called("the short name", [...NAMES, ["deep", "layers.0.linear1.weight"]], names.shortName);
called("the name", [...NAMES, ["deep", "encoder.layers.0.linear1.weight"]], names.fullName);
called("the name of the gradient", GRADIENTS, (n) => names.gradientName(n));
called("the letter", LETTERS, names.gradientLetter);

test("an op that is called as a property of every object has no Chinese name for that", () => {
  speak("zh");
  for (const op of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    assert.equal(names.operationName(op), op);
  }
  speak("en");
});

const IN_FORMULAS = [
  ["H with A at [0]", "H 换入 A，位置 [0]"],
  ["dW = scatter(dY at [ids])", "dW = 累加(dY，位置 [ids])"],
  ["{dY if X > 0, else 0}", "{dY 若 X > 0，否则 0}"],
  ["{{S if allowed, else −∞} if some, else 0}", "{{S 若 allowed，否则 −∞} 若 some，否则 0}"],
  ["dL = dloss / (n or 1)", "dL = dloss / (n 或 1)"],
  ["query and key with a name", "query and key with a name"],
];
for (const [english, chinese] of IN_FORMULAS) {
  test(`the words of a formula are those of the language: ${english}`, () => {
    speak("en");
    assert.equal(names.inWords(english), english);
    speak("zh");
    assert.equal(names.inWords(english), chinese);
  });
}
