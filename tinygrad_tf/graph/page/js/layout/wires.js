// Wires: for each net of a frame and each place that it leads to, the points of the way, in the frame's coordinates, x
// from its anchor and y from its top. A point {x, y, curve, round} is reached straight or by a curve ("v" leaves
// vertically, "h" horizontally), and round cuts its corner.

import { hostOf, IN, isDocked, OUT } from "./nets.js";
import { isFar } from "./places.js";
import { arrivalX, startX } from "./ports.js";
import { rowOf } from "./rows.js";
import { GAP } from "./spacing.js";

export function setWays(s) {
  for (const net of s.nets) {
    net.way = new Map([...net.to].map((t) => [t, isDocked(net) ? fromDock(net, t) : way(s, net, t)]));
  }
}

// From a docked box over to the operation that uses it.
function fromDock(net, t) {
  const d = net.from;
  const start = { x: d.x0 + d.w, y: d.cy + d.h / 2 };
  const x = t.ax - t.w / 2;
  const y = Math.min(Math.max(start.y, t.cy + 10), t.cy + t.h - 10);
  return Math.abs(y - start.y) < 1 ? [start, { x, y: start.y }] : [start, { x, y, curve: "h" }];
}

function way(s, net, t) {
  if (net.from === IN && s.f.sideIn?.has(net.key)) return sideWay(s, net, t);
  if (t === OUT && s.f.sideOut?.has(net.key)) return sideExit(s, net);
  const end = t === OUT ? [{ x: s.f.outX.get(net.key), y: s.end, curve: "v" }] : arrive(s, net, t);
  return [...leave(s, net), ...pass(s, net, t), ...end];
}

// Down out of the box, or of the border, to the end of the row.
function leave(s, net) {
  const x = startX(s, net);
  if (net.from === IN) return [{ x, y: 0 }, { x, y: s.start }];
  return [{ x, y: net.from.cy + net.from.h }, { x, y: s.bottom[net.from.row] }];
}

// Past the rows between, in its lane or along the spine.
function pass(s, net, t) {
  const [row, end] = [net.from.row, rowOf(s, t)];
  if (end <= row + 1) return [];
  if (isFar(s, net, t)) return [{ x: net.lane, y: s.top[row + 1], curve: "v" }, { x: net.lane, y: s.bottom[end - 1] }];
  const x = startX(s, net);
  return [{ x, y: s.top[row + 1] }, { x: 0, y: s.bottom[end - 1], curve: x ? "v" : undefined }];
}

// From the gap above its row down into a box, or around to the left of a dock.
function arrive(s, net, t) {
  const x = arrivalX(net, t);
  const above = { x, y: s.top[hostOf(t).row], curve: "v" };
  if (!t.host) return [above, { x, y: t.cy }];
  const y = t.cy + t.h / 2;
  return [above, { x, y, round: true }, { x: t.x0, y }];
}

// Out of the right border of the first of two columns.
function sideExit(s, net) {
  const x = startX(s, net);
  const y = s.bottom[net.from.row] + GAP.row / 2;
  s.f.exits.set(net.key, y);
  return [...leave(s, net), { x, y, round: true }, { x: Infinity, y }];
}

// From the left border straight into the gap above the box, or on into an open module at its height.
function sideWay(s, net, t) {
  if (t === OUT) return [];
  if (t.kind === "frame" && t.sideIn?.has(net.key)) return [{ x: -Infinity, y: 0 }];
  const x = arrivalX(net, t);
  const y = s.top[hostOf(t).row] - GAP.row / 2;
  return [{ x: -Infinity, y }, { x, y, round: true }, { x, y: hostOf(t).cy }];
}
