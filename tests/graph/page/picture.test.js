// What stands on boxes, and the paths of wires.

import assert from "node:assert/strict";
import test from "node:test";
import { openedAtFirst, opens } from "../../../tinygrad_tf/graph/page/js/data/items.js";
import { headText, pathText } from "../../../tinygrad_tf/graph/page/js/picture/paths.js";
import { fitted } from "../../../tinygrad_tf/graph/page/js/picture/sizes.js";
import { GRAPHS, laidOut, measure, openable } from "./graphs.js";
import { pointsAlong } from "./sampling.js";

// ---- sizes ----------------------------------------------------------------------------------------------------------

const length = (text) => text.length;
const FITTED = [
  ["weight", 6, "weight"],
  ["encoder.layers.0.weight", 11, "encod…eight"],
  ["weight", 3, "…"],
  ["a👩\u200d👧b👩\u200d👧cd", 8, "a👩\u200d👧…d"], // a letter of five units is whole or not there
  ["e\u0301".repeat(5), 8, "e\u0301e\u0301…e\u0301"],
];
for (const [text, room, cut] of FITTED) {
  test(`${text} in the room of ${room} is ${cut}`, () => assert.equal(fitted(text, room, length), cut));
}

test("a name of 100,000 letters is measured a few times only", () => {
  let asked = 0;
  const cut = fitted("x".repeat(100_000), 50, (text) => {
    asked += 1;
    return text.length;
  });
  assert.equal(cut.length, 50);
  assert.ok(asked < 20, asked);
});

for (const [name, data] of Object.entries(GRAPHS)) {
  test(`no text is wider than its box: ${name}`, () => {
    for (const lang of ["en", "zh"]) {
      const { items } = laidOut(data, new Set(openable(data)), lang);
      const tooWide = ({ lines = [], w }) => lines.filter((line, i) => measure(line, i ? 11 : 12) > w);
      assert.deepEqual(items.flatMap(tooWide), []);
    }
  });
}

test("a text of a few letters is not cut, and leaves room for the sign that opens", () => {
  const { items } = laidOut(GRAPHS.dates, new Set());
  const boxes = items.filter((i) => i.lines);
  const isShort = (line) => line.includes("…") && line.length < 16;
  assert.deepEqual(boxes.flatMap(({ lines }) => lines.filter(isShort)), []);
  for (const { lines, w } of boxes.filter(opens)) assert.ok(measure(lines[0], 12) <= w - 34);
});

test("the Chinese name of an operation stands behind the shape", () => {
  for (const [lang, second] of [["en", "(2, 8) float32"], ["zh", "(2, 8) float32 双曲正切"]]) {
    const { items } = laidOut(GRAPHS.encoder, openedAtFirst(GRAPHS.encoder), lang);
    assert.deepEqual(items.find((i) => i.node?.op === "tanh").lines, ["A₁₀ = tanh(A₉)", second]);
  }
});

test("a box says what it says in a picture", () => {
  for (const { nodes } of Object.values(GRAPHS)) {
    const open = nodes.filter((n) => n.op);
    assert.ok(open.every((n) => n.text.startsWith(`${n.name} = `)));
  }
});

test("a closed module says its class, its shapes and what is in it", () => {
  for (const [lang, third] of [["en", "15 ops · 288 entries"], ["zh", "15 个运算 · 288 个参数"]]) {
    const { items } = laidOut(GRAPHS.encoder, new Set(), lang);
    const { lines } = items.find((i) => i.module?.title === "self_attn");
    assert.deepEqual(lines, ["self_attn", "MultiheadAttention (2, 3, 8) → (2, 3, 8)", third]);
  }
});

test("a short name gives a gradient its letter, a path does not", () => {
  for (const [lang, word] of [["en", "grad"], ["zh", "梯度"]]) {
    const { items } = laidOut(GRAPHS.encoder, openedAtFirst(GRAPHS.encoder), lang);
    const letters = new Map(items.filter((i) => i.hasThird).map((i) => [i.node?.name ?? "", i.letter]));
    assert.equal(letters.get("W_q"), "dW_q");
    assert.equal(letters.get("self_attn.in_proj_weight"), word);
    assert.equal(letters.get("A₁"), "dA₁");
  }
});

// ---- paths ----------------------------------------------------------------------------------------------------------

const PATHS = [
  ["a straight wire", [{ x: 0, y: 0 }, { x: 0, y: 10 }], "M0,0L0,10"],
  ["a curve", [{ x: 0, y: 0 }, { x: 20, y: 10, curve: "v" }], "M0,0C0,5 20,5 20,10"],
  ["a curve that leads straight down", [{ x: 0, y: 0 }, { x: 0.2, y: 10, curve: "v" }], "M0,0L0.2,10"],
  ["a curve to the side", [{ x: 0, y: 0 }, { x: 20, y: 10, curve: "h" }], "M0,0C10,0 10,10 20,10"],
  ["a round corner", [{ x: 0, y: 0 }, { x: 0, y: 30, round: true }, { x: 30, y: 30 }], "M0,0L0,21Q0,30 9,30L30,30"],
  ["a narrow corner", [{ x: 0, y: 0 }, { x: 0, y: 8, round: true }, { x: 30, y: 8 }], "M0,0L0,4Q0,8 4,8L30,8"],
  ["a point twice", [{ x: 0, y: 0 }, { x: 0, y: 0 }, { x: 0, y: 10 }], "M0,0L0,10"],
];
for (const [title, points, text] of PATHS) test(`path of ${title}`, () => assert.equal(pathText(points), text));

test("the head stands at the end of a wire, at its beginning where a gradient flows back", () => {
  const points = [{ x: 5, y: 0 }, { x: 5, y: 40 }];
  assert.equal(headText(points, false, 4), "M5,40L2,34L8,34z");
  assert.equal(headText(points, true, 4), "M5,0L8,6L2,6z");
});

test("points along a path are those of its lines and curves", () => {
  const points = pointsAlong("M0,0L0,12C0,20 10,20 10,30");
  assert.deepEqual(points[0], { x: 0, y: 0 });
  assert.deepEqual(points.at(-1), { x: 10, y: 30 });
  assert.ok(points.some((p) => p.x === 5 && p.y === 20.25));
});
