// No box overlaps another and no wire runs through one, whatever is open.

import assert from "node:assert/strict";
import test from "node:test";
import { openedAtFirst } from "../../../tinygrad_tf/graph/page/js/data/items.js";
import { pathText } from "../../../tinygrad_tf/graph/page/js/picture/paths.js";
import { GRAPHS, laidOut, measure, network, openable, randomNumbers } from "./graphs.js";
import { pointsAlong } from "./sampling.js";

// What is open: nothing, what is at first, everything, and a few choices at random.
function choices(data) {
  const random = randomNumbers();
  const all = openable(data);
  const drawn = Array.from({ length: all.length ? 10 : 0 }, () => new Set(all.filter(() => random() < 0.5)));
  return [new Set(), openedAtFirst(data), new Set(all), ...drawn];
}

function everywhere(title, check) {
  for (const [name, data] of Object.entries(GRAPHS)) {
    test(`${title}: ${name}`, () => {
      for (const open of choices(data)) assert.deepEqual(check(laidOut(data, open)), [], `open: ${[...open]}`);
    });
  }
}

// ---- boxes ----------------------------------------------------------------------------------------------------------

function isWithin(item, frame) {
  for (let f = item.parent; f; f = f.parent) if (f === frame) return true;
  return false;
}

const APART = 4; // pixels between two boxes
const overlap = (a, b) =>
  a.X < b.X + b.w + APART && b.X < a.X + a.w + APART && a.Y < b.Y + b.h + APART && b.Y < a.Y + a.h + APART;
const holds = (f, a) => a.X >= f.X && a.Y >= f.Y && a.X + a.w <= f.X + f.w && a.Y + a.h <= f.Y + f.h;

function overlaps({ items }) {
  const found = [];
  for (const a of items) {
    for (const b of items) {
      if (a.id < b.id && !isWithin(a, b) && !isWithin(b, a) && overlap(a, b)) found.push(`${a.id} over ${b.id}`);
      if (isWithin(a, b) && !holds(b, a)) found.push(`${a.id} sticks out of ${b.id}`);
    }
  }
  return found;
}

everywhere("no boxes overlap, and none sticks out of its module", overlaps);

test("opening and closing each module leaves no overlap", () => {
  const { dates } = GRAPHS;
  const open = openedAtFirst(dates);
  for (const { id } of dates.modules) {
    if (!open.delete(id)) open.add(id);
    assert.deepEqual(overlaps(laidOut(dates, open)), []);
  }
});

test("with everything open in Chinese there is no overlap", () => {
  assert.deepEqual(overlaps(laidOut(GRAPHS.dates, new Set(openable(GRAPHS.dates)), "zh")), []);
});

const center = (item) => item.X + item.w / 2;

test("Q, K and V stand side by side, K on the line of what comes after", () => {
  const { items } = laidOut(GRAPHS.encoder, openedAtFirst(GRAPHS.encoder));
  const [q, k, v] = ["Q₁", "K₁", "V₁"].map((name) => items.find((i) => i.node?.name === name));
  assert.ok(q.Y === k.Y && k.Y === v.Y);
  assert.ok(q.X < k.X && k.X < v.X);
  assert.equal(center(k), center(items.find((i) => i.node?.op === "attention")));
});

test("the longest path stands on one line, one box below the other", () => {
  const { items } = laidOut(network({ a: ["x"], b: ["a"], c: ["b"], side: ["a"], d: ["c", "side"] }), new Set());
  const [a, b, c, d, side] = ["a", "b", "c", "d", "side"].map((id) => items.find((i) => i.id === id));
  assert.deepEqual([b, c, d].map(center), [a, a, a].map(center));
  assert.ok(a.Y < b.Y && b.Y < c.Y && c.Y < d.Y);
  assert.equal(side.Y, b.Y);
});

test("the decoder stands beside the encoder, its cross-attention at or below the encoder's end", () => {
  const { items, edges } = laidOut(GRAPHS.dates, openedAtFirst(GRAPHS.dates));
  const [encoder, decoder, cross] = ["encoder", "decoder", "multihead_attn"].map((title) =>
    items.find((i) => i.module?.title === title),
  );
  assert.ok(cross.Y >= encoder.Y + encoder.h);
  assert.ok(encoder.X + encoder.w <= decoder.X && decoder.Y < encoder.Y + encoder.h);
  const across = edges.filter(({ source, target }) => isWithin(source, encoder) && isWithin(target, decoder));
  assert.ok(across.length);
  for (const { points, source } of across) assert.ok(points.every((p) => p.y >= source.Y + source.h));
});

everywhere("a leaf stands in the column of what uses it", ({ edges }) => {
  const isLeaf = ({ kind }) => ["parameter", "constant", "input"].includes(kind);
  const alone = (wire) => isLeaf(wire.source) && edges.filter((other) => other.source === wire.source).length === 1;
  return edges.filter((wire) => alone(wire) && wire.top.columns).map((wire) => wire.id);
});

// ---- wires ----------------------------------------------------------------------------------------------------------

const isInside = (p, b) => p.x > b.X + 2 && p.x < b.X + b.w - 2 && p.y > b.Y + 2 && p.y < b.Y + b.h - 2;
const isNear = (p, b) => p.x >= b.X - 1 && p.x <= b.X + b.w + 1 && p.y >= b.Y - 1 && p.y <= b.Y + b.h + 1;
const isOnBorder = (p, b) => isNear(p, b) && !isInside(p, b);

// Wires that run through a box to which they do not belong.
function throughBoxes({ items, edges }) {
  const found = new Set();
  for (const wire of edges) {
    const boxes = items.filter((i) => i.kind !== "frame" && i !== wire.source && i !== wire.target);
    for (const p of pointsAlong(pathText(wire.points))) {
      for (const box of boxes.filter((b) => isInside(p, b))) found.add(`${wire.id} through ${box.id}`);
    }
  }
  return [...found];
}

function loose({ edges }) {
  const bound = ({ points, source, target }) => isOnBorder(points[0], source) && isOnBorder(points.at(-1), target);
  return edges.filter((wire) => !bound(wire)).map((wire) => wire.id);
}

everywhere("no wire runs through a box", throughBoxes);
everywhere("each wire begins and ends at its boxes", loose);

// From what is docked a wire leads to the side, and between two columns it may lead up.
everywhere("each wire leads down", ({ edges }) => {
  const isBound = ({ source, top }) => !source.host && !top.columns;
  const isDown = ({ source, target }) => (target.host ?? target).Y >= source.Y + source.h;
  return edges.filter((wire) => isBound(wire) && !isDown(wire)).map((wire) => wire.id);
});

everywhere("a wire that comes alone comes to the middle of its box", ({ edges }) => {
  const isAlone = ({ source, target }) =>
    !source.host && !target.host && edges.filter((other) => other.target === target && !other.source.host).length === 1;
  const off = ({ points, target }) => Math.abs(points.at(-1).x - center(target)) > 0.01;
  return edges.filter((wire) => isAlone(wire) && off(wire)).map((wire) => wire.id);
});

test("many wires come to a box side by side, in the order in which they come from left to right", () => {
  const inputs = Array.from({ length: 12 }, (_, i) => `a${i}`);
  const reads = Object.fromEntries(inputs.map((id) => [id, ["x"]]));
  const { edges } = laidOut(network({ ...reads, sum: inputs }), new Set());
  const arriving = edges.filter((wire) => wire.target.id === "sum").sort((a, b) => a.source.X - b.source.X);
  const xs = arriving.map((wire) => wire.points.at(-1).x);
  assert.ok(xs.every((x, i) => i === 0 || x > xs[i - 1] + 3), String(xs));
  assert.deepEqual(loose({ edges }), []);
});

everywhere("no wire runs through the title of a module", ({ items, edges }) => {
  const titles = items.filter((i) => i.kind === "frame");
  const end = (f) => f.X + 28 + measure(f.title, 12, 600);
  const isOver = (p, f) => p.y > f.Y + 9 && p.y < f.Y + 20 && p.x > f.X + 28 && p.x < end(f);
  return edges.flatMap((wire) => {
    const points = pointsAlong(pathText(wire.points));
    return titles.filter((f) => points.some((p) => isOver(p, f))).map((f) => `${wire.id} through ${f.title}`);
  });
});
