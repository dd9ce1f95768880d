// Ports: where wires cross the border of a frame, and where they come to the boxes in it. x is from the frame's anchor.

import { hostOf, IN, isDocked, OUT } from "./nets.js";
import { isFar } from "./places.js";
import { mean, reach } from "./spacing.js";

export function setPorts(s) {
  const f = s.f;
  f.inX = new Map();
  f.outX = new Map();
  f.exits = new Map(); // keys that leave at the right, and at which height
  arrangeArrivals(s);
  const [freeIn, freeOut] = [spread(), spread()];
  const onSpineFirst = [...s.nets].sort((a, b) => (b.spineEnd ? 1 : 0) - (a.spineEnd ? 1 : 0));
  for (const net of onSpineFirst) {
    if (net.from === IN && !f.sideIn?.has(net.key)) f.inX.set(net.key, freeIn(portIn(net)));
    if (net.to.has(OUT) && !f.sideOut?.has(net.key)) f.outX.set(net.key, freeOut(portOut(s, net)));
  }
}

// A function that gives each port the nearest place that is still free.
function spread() {
  const taken = [];
  return (x) => {
    const isFree = (at) => taken.every((o) => Math.abs(o - at) >= 11);
    let at = x;
    for (let k = 1; !isFree(at); k++) at = x + (k % 2 ? 1 : -1) * Math.ceil(k / 2) * 12; // right, left, further right
    taken.push(at);
    return at;
  };
}

function portIn(net) {
  if (net.spineEnd) return 0;
  if (net.laneEnd >= 0) return net.lane;
  return mean([...net.to].filter((t) => t !== OUT && hostOf(t).row === 0).map((t) => arrivalX(net, t)));
}

function portOut(s, net) {
  if (net.spineEnd === OUT) return 0;
  if (net.laneEnd >= 0) return net.lane;
  return startX(s, net);
}

// Where the net starts: at its port, or at the box it comes from.
export function startX(s, net) {
  if (net.from === IN) return s.f.inX.get(net.key);
  return net.from.kind === "frame" ? net.from.ax + (net.from.outX.get(net.key) ?? 0) : net.from.ax;
}

// Where it comes to a box: at the port of an open module, at its place along the top of any other.
export function arrivalX(net, t) {
  if (t.kind === "frame") return t.ax + (t.inX.get(net.key) ?? 0);
  return t.host ? t.host.ax - reach(t.host)[0] + 4 : t.ax + (t.slots?.get(net.key) ?? 0);
}

// Several wires into one box come in side by side, in the order in which they come from left to right.
function arrangeArrivals(s) {
  const into = new Map();
  for (const net of s.nets) {
    if (isDocked(net)) continue;
    for (const t of net.to) {
      if (t === OUT || t.kind === "frame" || t.host) continue;
      if (!into.has(t)) into.set(t, []);
      into.get(t).push({ key: net.key, x: comesFrom(s, net, t), straight: t === net.spineEnd });
    }
  }
  for (const [t, list] of into) setSlots(t, list.sort((a, b) => a.x - b.x));
}

// From where across a wire comes to a box.
function comesFrom(s, net, t) {
  if (net.from === IN && s.f.sideIn?.has(net.key)) return -1e6;
  if (t === net.spineEnd) return 0;
  if (net.laneEnd >= 0 && isFar(s, net, t)) return net.lane;
  if (net.from === IN) return t.ax + (s.onSpine.has(t) ? 1 : 0);
  return startX(s, net);
}

// The one on the spine comes in the middle; where there is none, the one that is nearest to it.
function setSlots(t, list) {
  let mid = list.findIndex((a) => a.straight);
  if (mid < 0) mid = list.reduce((best, a, k) => (Math.abs(a.x - t.ax) < Math.abs(list[best].x - t.ax) ? k : best), 0);
  const room = Math.max(list.length - 1 - mid, mid, 1);
  const step = Math.min(22, (t.w / 2 - 10) / room);
  t.slots = new Map(list.map((a, k) => [a.key, (k - mid) * step]));
}
