import assert from "node:assert/strict";
import test from "node:test";
import { number, shapeText, three } from "../../../tinygrad_tf/graph/page/js/numbers.js";
import { sumText } from "../../../tinygrad_tf/graph/page/js/panel/worked.js";

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

const picked = (...lines) => ({
  shape: [lines.length, lines[0].length],
  rows: [...lines.keys()],
  columns: [...lines[0].keys()],
  entries: lines.flat(),
});
const SUMS = [
  ["a row, where the result has fewer columns", picked([3], [7]), [1, 0], "dW[1, 0] = 3 + 4 = 7"],
  ["a column, where it has as many", picked([4, 6]), [0, 1], "dW[0, 1] = 2 + 4 = 6"],
];
for (const [what, result, at, text] of SUMS) {
  test(`of one matrix is summed ${what}`, () => {
    const operands = [{ text: "X", picked: picked([1, 2], [3, 4]) }];
    assert.equal(sumText({ left: "dW", result, operands, entry: [-1], product: [0] }, ...at), text);
  });
}
