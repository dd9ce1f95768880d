// Which row: leaves dock at the left of what uses them, the rest stands in rows by longest path, and the longest path
// of all, the spine, runs down on one vertical line.
//
// s is the layout of one frame f: its nets, its items but the docked ones, and the rows they stand in.

import { hostOf, IN, isDocked, isLeaf, OUT } from "./nets.js";

// Leaves with one use, and weights made of parameters, stand at the left of the operation that uses them.
export function dock(s) {
  const fed = fedByOperations(s);
  for (const c of s.f.children) {
    c.docks = [];
    c.host = null;
  }
  for (const net of s.nets) {
    const host = hostFor(net, fed);
    if (!host) continue;
    net.from.host = host;
    host.docks.push(net.from);
  }
  s.items = s.f.children.filter((c) => !c.host).sort((a, b) => a.order - b.order);
  for (const c of s.items) c.docks.sort((a, b) => a.order - b.order);
  for (const t of s.nets.flatMap((net) => [...net.to])) if (t.host) t.host.channel = true;
}

function fedByOperations(s) {
  const fed = new Set();
  for (const net of s.nets) {
    if (net.from === IN || !isLeaf(net.from)) for (const t of net.to) fed.add(t);
  }
  return fed;
}

// An input docks only where something else comes down into the operation: else it would hang in the air.
function hostFor(net, fed) {
  const leaf = net.from;
  if (leaf === IN || net.to.size !== 1 || !(isLeaf(leaf) || leaf.weight)) return null;
  const [host] = net.to;
  if (host === OUT || host.kind === "frame" || host.weight) return null;
  return leaf.kind === "input" && !fed.has(host) ? null : host;
}

// The row of each item: one below the lowest of those it depends on.
export function rank(s) {
  for (const i of s.items) Object.assign(i, { before: [], after: [], fromIn: false, toOut: false, row: 0 });
  for (const net of s.nets) if (!isDocked(net)) for (const t of net.to) connect(net.from, t);
  s.order = inOrder(s.items);
  for (const i of s.order) for (const t of i.after) t.row = Math.max(t.row, i.row + 1);
  for (const i of s.items) {
    const source = i.before.length === 0 && !i.fromIn && i.after.length > 0;
    if (source) i.row = Math.min(...i.after.map((t) => t.row)) - 1; // right above its first use
  }
  s.n = Math.max(-1, ...s.items.map((i) => i.row)) + 1;
  s.rows = Array.from({ length: s.n }, () => []);
  for (const i of s.items) s.rows[i.row].push(i);
}

function connect(from, to) {
  if (to === OUT) {
    if (from !== IN) from.toOut = true;
  } else if (from === IN) hostOf(to).fromIn = true;
  else if (hostOf(to) !== from) {
    from.after.push(hostOf(to));
    hostOf(to).before.push(from);
  }
}

// The items so that each stands after those before it.
function inOrder(items) {
  const waiting = new Map(items.map((i) => [i, i.before.length]));
  const ready = items.filter((i) => i.before.length === 0);
  for (const i of ready) {
    for (const t of i.after) {
      waiting.set(t, waiting.get(t) - 1);
      if (waiting.get(t) === 0) ready.push(t);
    }
  }
  return ready;
}

// The longest path; of equal ones the middle one, so that K stands between Q and V.
export function chooseSpine(s) {
  const weight = (i) => 1 + (i.kind === "frame" ? i.depth : 0);
  for (const i of [...s.order].reverse()) i.below = weight(i) + Math.max(0, ...i.after.map((t) => t.below));
  s.spine = [];
  if (!s.items.length) return;
  const starts = s.items.filter((i) => !isLeaf(i) && !i.weight);
  for (let at = middle(starts.length ? starts : s.items); at; at = middle(at.after)) s.spine.push(at);
  s.f.depth = s.spine[0].below;
  s.onSpine = new Set(s.spine);
  s.straight = passedRows(s);
}

// Of those with the longest path below them, the one in the middle; null of none.
function middle(list) {
  if (!list.length) return null;
  const most = Math.max(...list.map((i) => i.below));
  const best = [...new Set(list.filter((i) => i.below === most))].sort((a, b) => a.order - b.order);
  return best[(best.length - 1) >> 1];
}

// The rows that the spine passes without a box.
function passedRows(s) {
  const rows = s.spine.map((i) => i.row);
  if (s.spine[0].fromIn) rows.unshift(-1);
  if (s.spine.at(-1).toOut) rows.push(s.n);
  const passed = new Set();
  for (let k = 1; k < rows.length; k++) for (let r = rows[k - 1] + 1; r < rows[k]; r++) passed.add(r);
  return passed;
}

export function rowOf(s, t) {
  return t === OUT ? s.n : hostOf(t).row;
}
