import assert from "node:assert/strict";
import test from "node:test";
import { number, shapeText, three } from "../../../tinygrad_tf/graph/page/js/numbers.js";

const SHOWN = [
  [0, "0"],
  [-0, "0"],
  [1, "1"],
  [0.17651, "0.177"],
  [-12345.6, "−12300"],
  [100000, "1e+5"],
  [0.0001, "0.0001"],
  [-0.0000123456, "−1.23e−5"],
  ["Infinity", "∞"],
  ["-Infinity", "−∞"],
  ["NaN", "NaN"],
  [undefined, "–"],
  [null, "–"],
];
for (const [x, text] of SHOWN) test(`${x} is shown as ${text}`, () => assert.equal(three(x), text));

test("numbers that JSON cannot hold come as text", () => {
  assert.deepEqual([1.5, "Infinity", "-Infinity"].map(number), [1.5, Infinity, -Infinity]);
  assert.ok([undefined, null, "NaN"].every((x) => Number.isNaN(number(x))));
});

test("a shape is written as Python writes it", () => {
  assert.deepEqual([[], [3], [2, 3]].map(shapeText), ["()", "(3,)", "(2, 3)"]);
});
