// Two modules side by side: a decoder beside its encoder, so that what it attends to comes in from the left, at or
// below the encoder's last row, and not from far above.

import { hostOf, IN, isLeaf, OUT } from "./nets.js";
import { GAP } from "./spacing.js";

const WORTH = 150; // pixels of the second module that do not wait for the first

// ---- which modules --------------------------------------------------------------------------------------------------

// Parts the children of a frame into two columns if two of its modules ask for it; tells whether it did.
export function part(f) {
  if (f.columns || f.column || f.fused) return false;
  for (const net of f.nets.values()) {
    for (const b of net.to) {
      if (!isLarge(net.from) || !isLarge(b) || firstUse(b, net.key) < WORTH) continue;
      const second = secondColumn(f, net.from, b);
      if (!second) continue;
      f.columns = [
        column(f, "a", f.children.filter((c) => !second.has(c))),
        column(f, "b", f.children.filter((c) => second.has(c))),
      ];
      f.meeting = net.key;
      f.children = f.columns;
      return true;
    }
  }
  return false;
}

function isLarge(item) {
  return item.kind === "frame" && !item.fused && item.h > WORTH;
}

function column(f, id, children) {
  const order = children[0].order;
  const c = { id: `${f.id}/${id}`, kind: "frame", column: true, parent: f, order, children, docks: [] };
  for (const i of children) i.parent = c;
  return c;
}

// How far below the top of a frame what comes in by this key is first used.
function firstUse(f, key) {
  const uses = [...(f.nets.get(key)?.to ?? [])].filter((t) => t !== OUT);
  return Math.min(...uses.map((t) => (t.kind === "frame" ? t.cy + firstUse(t, key) : hostOf(t).cy)));
}

// The module b with all that it needs and a does not, and all that comes after; null if b needs nothing of its own.
function secondColumn(f, a, b) {
  const { before, after } = neighbours(f);
  const besideA = new Set([a, ...reached([a], before), ...reached([a], after)]);
  const own = [...reached([b], before)].filter((i) => !besideA.has(i));
  if (own.every(isLeaf)) return null;
  const second = new Set([b, ...own]);
  for (const i of reached(second, after)) second.add(i);
  for (const c of f.children) {
    const uses = after.get(c);
    if (isLeaf(c) && uses.length && uses.every((u) => second.has(u))) second.add(c);
  }
  return second;
}

function neighbours(f) {
  const after = new Map(f.children.map((c) => [c, []]));
  const before = new Map(f.children.map((c) => [c, []]));
  for (const net of f.nets.values()) {
    for (const t of net.to) {
      if (net.from === IN || t === OUT) continue;
      after.get(net.from).push(t);
      before.get(t).push(net.from);
    }
  }
  return { before, after };
}

function reached(from, next) {
  const found = new Set();
  const stack = [...from];
  while (stack.length) {
    for (const i of next.get(stack.pop())) {
      if (found.has(i)) continue;
      found.add(i);
      stack.push(i);
    }
  }
  return found;
}

// ---- where they stand -----------------------------------------------------------------------------------------------

// Which wires leave the first column at its right, and enter the second at its left.
export function markSides(wires) {
  for (const w of wires) {
    if (!crosses(w)) continue;
    const [a, b] = w.top.columns;
    (a.sideOut ??= new Set()).add(w.source.id);
    for (const f of w.down) {
      if (f !== b && !f.alone) break;
      (f.sideIn ??= new Set()).add(w.source.id);
    }
  }
}

// Whether a wire leads from the first of two columns to the second.
function crosses(wire) {
  const [a, b] = wire.top.columns ?? [];
  return a !== undefined && wire.up[0] === a && wire.down[0] === b;
}

// The height in a frame at which a key from the left comes in first.
function sideHeight(f, key) {
  const uses = [...f.nets.get(key).to].filter((t) => t !== OUT);
  const inner = (t) => t.kind === "frame" && t.sideIn?.has(key);
  return Math.min(...uses.map((t) => (inner(t) ? t.cy + sideHeight(t, key) : f.gapAbove.get(hostOf(t)))));
}

// Sets the second column so low that what the two meet over comes in level or from above.
export function layoutColumns(f) {
  const [a, b] = f.columns;
  const keys = [...(a.sideOut ?? [])];
  const pad = f.bare ? GAP.edge : GAP.pad;
  const top = f.bare ? 0 : GAP.title + GAP.row;
  const shift = Math.max(0, (a.exits.get(f.meeting) ?? 0) - sideHeight(b, f.meeting));
  Object.assign(a, { x: pad, y: top, cy: top });
  Object.assign(b, { x: pad + a.w + GAP.lane * (keys.length + 2), y: top + shift, cy: top + shift });
  f.anchor = a.x + a.anchor;
  f.depth = a.depth + b.depth;
  for (const c of f.columns) c.ax = c.x + c.anchor - f.anchor;
  f.w = b.x + b.w + pad;
  f.h = Math.max(a.y + a.h, b.y + b.h) + (f.bare ? GAP.edge : GAP.row);
  f.trunk = new Map(keys.map((k, i) => [k, a.x + a.w + GAP.lane * (i + 1.5)]));
  f.inX = new Map();
  f.outX = new Map();
  f.gapAbove = new Map();
  for (const net of f.nets.values()) net.way = new Map([...net.to].map((t) => [t, columnWay(f, net, t)]));
}

// The way between a column and the border; one from a column to the other is put together in acrossColumns.
function columnWay(f, net, t) {
  if (net.from !== IN && t !== OUT) return [];
  const port = net.from === IN ? f.inX : f.outX;
  const box = net.from === IN ? t : net.from;
  const x = box === OUT ? 0 : box.ax + ((net.from === IN ? box.inX : box.outX).get(net.key) ?? 0);
  if (!port.has(net.key)) port.set(net.key, x);
  if (net.from !== IN) return [{ x, y: box.y + box.h }, { x, y: f.h }];
  const p = port.get(net.key);
  return [{ x: p, y: 0 }, { x: p, y: GAP.title }, { x, y: f.columns[0].y, curve: "v" }, { x, y: box.y ?? 0 }];
}

// From the right end of the first column down or up the trunk between them, and into the second.
export function acrossColumns(wire, points) {
  if (!crosses(wire)) return points;
  const exit = points.findIndex((p) => p.x === Infinity);
  const entry = points.findLastIndex((p) => p.x === -Infinity);
  const x = wire.top.X + wire.top.trunk.get(wire.source.id);
  const bend = [exit, entry].map((i) => ({ x, y: points[i].y, round: true }));
  return [...points.slice(0, exit), ...bend, ...points.slice(entry + 1)];
}
