// Where in its frame each box stands: across, with the spine at 0 and the rest to both sides; down, row by row. No box
// lies in a gap between rows: wires run there, and in lanes beside the rows that they pass.

import { hostOf, IN, isDocked, isLeaf, OUT } from "./nets.js";
import { rowOf } from "./rows.js";
import { dockHeight, GAP, mean, reach } from "./spacing.js";

// ---- across ---------------------------------------------------------------------------------------------------------

// Sets ax of each item; left and right are how far each row reaches.
export function setAcross(s) {
  s.left = new Array(s.n).fill(0);
  s.right = new Array(s.n).fill(0);
  for (let r = 0; r < s.n; r++) setRow(s, r);
}

function setRow(s, r) {
  const center = s.rows[r].find((i) => s.onSpine.has(i));
  if (center) center.ax = 0;
  const wire = s.straight.has(r) ? [8, 8] : [0, 0];
  const [left, right] = center ? reach(center) : wire;
  const rest = s.rows[r].filter((i) => i !== center);
  for (const i of rest) i.wish = wish(i);
  const side = (i) => sideOf(s, i, center);
  s.left[r] = setSide(rest.filter((i) => side(i) < 0), -1, left);
  s.right[r] = setSide(rest.filter((i) => side(i) > 0), 1, right);
  if (!center && !s.straight.has(r) && rest.every((i) => side(i) < 0)) centerRow(s, r);
}

// An item wishes to stand below the middle of what feeds it.
function wish(item) {
  return mean(item.before.filter((b) => !isLeaf(b) && !b.weight).map((b) => b.ax));
}

function sideOf(s, item, center) {
  if (isLeaf(item) || item.weight || item.wish < -1) return -1;
  if (item.wish > 1) return 1;
  return item.order < (center ?? s.spine[0]).order ? -1 : 1;
}

// Sets items side by side, from the middle outward, each as near to its wish as there is room; returns how far they go.
function setSide(items, sign, edge) {
  items.sort((a, b) => sign * (a.wish - b.wish) || sign * (a.order - b.order));
  let at = edge;
  for (const i of items) {
    const [left, right] = reach(i);
    const [near, far] = sign < 0 ? [right, left] : [left, right];
    i.ax = sign * Math.max(at + (at ? GAP.column : 0) + near, sign * i.wish);
    at = sign * i.ax + far;
  }
  return at;
}

// Leaves that stand above the rest, alone in their row, share its middle.
function centerRow(s, r) {
  const last = s.rows[r].reduce((a, b) => (a.ax > b.ax ? a : b));
  const by = (s.left[r] - (last.ax + reach(last)[1])) / 2;
  for (const i of s.rows[r]) i.ax += by;
  s.left[r] -= by;
  s.right[r] = s.left[r];
}

// ---- lanes ----------------------------------------------------------------------------------------------------------

// A net that goes beyond the next row has a lane: on the spine if it is part of it, else beside the rows it passes.
export function setLanes(s) {
  const long = s.nets.filter((net) => !isDocked(net) && leavesRows(s, net)).map((net) => laneOf(s, net));
  long.sort((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start);
  for (const { net, side, start, end, x } of long) {
    const reached = side < 0 ? s.left : s.right;
    let out = side * x;
    for (let r = start; r <= end; r++) out = Math.max(out, reached[r] + GAP.lane);
    net.lane = side * out;
    for (let r = start; r <= end; r++) reached[r] = out;
  }
}

// Whether a net needs a lane. Sets the item to which it follows the spine, and the rows to which spine and lane go.
function leavesRows(s, net) {
  net.spineEnd = spineTarget(s, net);
  net.straightTo = net.spineEnd ? rowOf(s, net.spineEnd) : -1;
  net.laneEnd = -1;
  const far = farTargets(s, net);
  if (s.f.sideIn?.has(net.key) || !far.length) return false;
  if (s.f.sideOut?.has(net.key) && far.every((t) => t === OUT)) return false;
  net.laneEnd = Math.max(...far.map((t) => rowOf(s, t)));
  return true;
}

function farTargets(s, net) {
  return [...net.to].filter((t) => isFar(s, net, t));
}

// Whether the wire of a net to t has rows to pass that do not lie on the spine's own line.
export function isFar(s, net, t) {
  return rowOf(s, t) > net.from.row + 1 && rowOf(s, t) > net.straightTo;
}

// The rows that its lane passes, its side, and where across it would run if nothing stood there.
function laneOf(s, net) {
  const inside = farTargets(s, net).filter((t) => t !== OUT);
  const x = net.from === IN ? mean(inside.map((t) => hostOf(t).ax)) : net.from.ax;
  return { net, side: laneSide(net, x), start: net.from.row + 1, end: net.laneEnd - 1, x };
}

function laneSide(net, x) {
  if (net.from !== IN && isLeaf(net.from)) return -1;
  if (Math.abs(x) > 1) return Math.sign(x);
  return net.from !== IN || net.spineEnd ? 1 : -1;
}

// Where the net goes along the spine: its next item, or the border.
function spineTarget(s, net) {
  const next = net.from === IN ? s.spine[0] : afterOnSpine(s, net.from);
  return next && net.to.has(next) ? next : null;
}

function afterOnSpine(s, item) {
  const k = s.spine.indexOf(item);
  return k < 0 ? null : (s.spine[k + 1] ?? OUT);
}

// ---- down -----------------------------------------------------------------------------------------------------------

// Sets cy of each item; top and bottom are those of each row.
export function setDown(s) {
  s.top = [];
  s.bottom = [];
  s.start = s.f.bare ? 0 : GAP.title;
  let y = s.start;
  for (let r = 0; r < s.n; r++) {
    y += gapBefore(s, r);
    s.top[r] = y;
    y += setHeights(s.rows[r], y);
    s.bottom[r] = y;
  }
  const leaves = s.nets.some((net) => net.to.has(OUT));
  s.end = y + Math.max(s.f.bare ? GAP.edge : GAP.pad, leaves ? gapBefore(s, s.n) : 0);
  s.f.gapAbove = new Map(s.items.map((i) => [i, s.top[i.row] - GAP.row / 2]));
}

// Boxes of a row stand in its middle, in a high row at its top, where they are found; returns the height of the row.
function setHeights(row, y) {
  const height = Math.max(...row.map((i) => Math.max(i.h, dockHeight(i))));
  for (const i of row) {
    const room = Math.max(i.h, dockHeight(i), height < 130 ? height : 0);
    i.cy = i.kind === "frame" ? y : y + (room - i.h) / 2;
  }
  return height;
}

// Wide curves get a taller gap, and so do many of them.
function gapBefore(s, r) {
  let widest = 0;
  let many = 0;
  for (const net of s.nets) {
    if (isDocked(net)) continue;
    const x = net.from === IN ? 0 : net.from.ax;
    const lane = net.laneEnd >= 0 ? net.lane : x;
    const arriving = [...net.to].filter((t) => rowOf(s, t) === r);
    many += arriving.length;
    for (const t of arriving) if (t !== OUT) widest = Math.max(widest, Math.abs(lane - hostOf(t).ax));
    if (net.from.row === r - 1) widest = Math.max(widest, Math.abs(lane - x));
  }
  return Math.min(GAP.row + widest * 0.05 + (many > 3 ? 4 * (many - 3) : 0), 76);
}
