import assert from "node:assert/strict";
import test from "node:test";
import { nine, number, shapeText, three } from "../../../tinygrad_tf/graph/page/js/numbers.js";
import { calledBy } from "../../../tinygrad_tf/graph/page/js/panel/code.js";
import { writingOf, written } from "../../../tinygrad_tf/graph/page/js/panel/matrix.js";
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

test("losses are shown with nine digits, or by name", () => {
  assert.deepEqual([1.5, "NaN", "-Infinity"].map(nine), ["1.500000000", "NaN", "−∞"]);
});

test("the least numbers are written as numbers", () => {
  assert.deepEqual([5e-324, 1e-310].map((x) => written(x, writingOf([x]))), ["4.94", "1.00"]);
});

const PROGRAM = `import numpy as np

def softmax(X):
    E = np.exp(X)
    return E / np.sum(E)

def d_softmax(dY, Y):
    return dY * softmax(Y)


def step(X):
    Y = softmax(X)  # (2,)
    return Y, {}
`;

test("the functions that lines of a program call are found, with those that they call", () => {
  const names = (lines) => calledBy(PROGRAM, lines).map((text) => text.match(/^def (\w+)/)[1]);
  assert.deepEqual(names(["dX = d_softmax(dY, Y)"]), ["softmax", "d_softmax"]);
  assert.deepEqual(names(["Y = softmax(X)  # (2,)"]), ["softmax"]);
  assert.deepEqual(names(["Y = X @ W + step"]), []);
  assert.equal(calledBy(PROGRAM, ["softmax(X)"])[0].split("\n").length, 3);
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

test("where terms nearly cancel out they are written with more digits", () => {
  const upTo = (n) => [...Array(n).keys()];
  const all = (shape, entries) => ({ shape, rows: upTo(shape[0]), columns: upTo(shape[1]), entries });
  const operand = (text, shape, entries) => ({ text, picked: all(shape, entries) });
  const operands = [operand("A", [1, 2], [1.2346, -1]), operand("B", [2, 1], [1, 1.2341])];
  const near = { left: "Y", operands, product: [0, 1], entry: [-1], result: all([1, 1], [0.0005]) };
  assert.equal(sumText(near, 0, 0), "Y[0, 0] = 1.2346 · 1 + (−1) · 1.2341 = 0.0005");
  const far = { ...near, result: all([1, 1], [2.5]) };
  assert.equal(sumText(far, 0, 0), "Y[0, 0] = 1.23 · 1 + (−1) · 1.23 = 2.5");
});

test("the largest entry of a matrix has three digits", () => {
  assert.deepEqual([0.0118, 0.118, 1.18, 118].map((x) => writingOf([x, -0.001]).places), [4, 3, 2, 0]);
});
