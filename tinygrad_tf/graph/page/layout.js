// Layout for networks of modules. Each open module is laid out on its own, children first, and is then a box in its
// parent. Inside: parameters dock at the left of their operation, the rest stands in rows by longest path, the longest
// path on one vertical line, the others spread to both sides. An edge that passes rows runs in a lane beside them; an
// edge that crosses the border of a module does so at a port. No box lies in a gap between rows: curves run there.

const IN = { id: "in", row: -1 };
const OUT = { id: "out" };
const GAP = { row: 26, column: 20, dock: 22, stack: 5, lane: 13, pad: 14, title: 24 };

function layout(view) {
  while (!layoutOnce(view));
  if (view.columns) layoutOnce(view); // once more, now that it is known who stands alone in a row
  place(view.root, 0, 0);
  for (const e of view.edges) e.points = pathOf(e);
  return { width: view.root.w, height: view.root.h };
}

// False if two modules were put side by side, which makes columns of a frame: then all is laid out again.
function layoutOnce(view) {
  const frames = [];
  (function collect(item) {
    for (const c of item.children) if (c.kind === "frame") collect(c);
    frames.push(item);
  })(view.root);
  for (const f of frames) f.nets = new Map();
  for (const e of view.edges) spreadOverFrames(e);
  markSides(view);
  for (const f of frames) {
    if (stagger(f)) return !(view.columns = true);
    layoutFrame(f);
  }
  return true;
}

// Enters an edge in each frame that it touches: from a child or the border, to a child or the border.
function spreadOverFrames(e) {
  const up = ancestry(e.source);
  const down = ancestry(e.target);
  let k = 0;
  while (up[k + 1] && up[k + 1] === down[k + 1]) k += 1;
  e.top = up[k];
  e.up = up.slice(k + 1);
  e.down = down.slice(k + 1);
  const source = [...e.up, e.source];
  const target = [...e.down, e.target];
  enter(e.top, e.source.id, source[0], target[0]);
  e.up.forEach((f, i) => enter(f, e.source.id, source[i + 1], OUT));
  e.down.forEach((f, i) => enter(f, e.source.id, IN, target[i + 1]));
}

// The frames around an item, from the outside in.
function ancestry(item) {
  const found = [];
  for (let f = item.parent; f; f = f.parent) found.push(f);
  return found.reverse();
}

function enter(frame, key, from, to) {
  if (!frame.nets.has(key)) frame.nets.set(key, { key, from, to: new Set() });
  frame.nets.get(key).to.add(to);
}

function layoutFrame(f) {
  f.bare = !f.parent || f.column;
  if (f.columns) return layoutColumns(f);
  const s = { f, nets: [...f.nets.values()], rows: [], items: [] };
  dock(s);
  rank(s);
  chooseSpine(s);
  setAcross(s);
  setLanes(s);
  setDown(s);
  setPorts(s);
  finish(s);
}

// ---- which row ------------------------------------------------------------------------------------------------------

// Leaves with one use, and weights made of parameters, stand at the left of the operation that uses them.
function dock(s) {
  const fedByOperation = new Set();
  for (const net of s.nets) {
    const leaf = net.from !== IN && isLeaf(net.from);
    if (!leaf) for (const t of net.to) fedByOperation.add(t);
  }
  for (const c of s.f.children) {
    c.docks = [];
    c.host = null;
  }
  for (const net of s.nets) {
    const d = net.from;
    if (d === IN || net.to.size !== 1 || !(isLeaf(d) || d.weight)) continue;
    const [host] = net.to;
    if (host === OUT || host.kind === "frame" || host.weight) continue;
    if (d.kind === "input" && !fedByOperation.has(host)) continue;
    d.host = host;
    host.docks.push(d);
  }
  for (const c of s.f.children) {
    if (c.host) continue;
    s.items.push(c);
    c.docks.sort((a, b) => a.order - b.order);
  }
  s.items.sort((a, b) => a.order - b.order);
  for (const net of s.nets) for (const t of net.to) if (t.host) (t.channel = true), (t.host.channel = true);
}

function isLeaf(item) {
  return item.kind === "parameter" || item.kind === "constant" || item.kind === "input";
}

function hostOf(item) {
  return item.host ?? item;
}

// The row of each item: one below the lowest of those it depends on.
function rank(s) {
  for (const i of s.items) Object.assign(i, { before: [], after: [], fromIn: false, toOut: false, row: 0 });
  for (const net of s.nets) {
    if (net.from !== IN && net.from.host) continue;
    for (const t of net.to) {
      if (t === OUT) net.from === IN || (net.from.toOut = true);
      else if (net.from === IN) hostOf(t).fromIn = true;
      else if (hostOf(t) !== net.from) {
        net.from.after.push(hostOf(t));
        hostOf(t).before.push(net.from);
      }
    }
  }
  const waiting = new Map(s.items.map((i) => [i, i.before.length]));
  const ready = s.items.filter((i) => i.before.length === 0);
  s.order = [];
  while (ready.length) {
    const i = ready.shift();
    s.order.push(i);
    for (const t of i.after) {
      t.row = Math.max(t.row, i.row + 1);
      waiting.set(t, waiting.get(t) - 1);
      if (waiting.get(t) === 0) ready.push(t);
    }
  }
  for (const i of s.items) {
    if (i.before.length === 0 && !i.fromIn && i.after.length) i.row = Math.min(...i.after.map((t) => t.row)) - 1;
  }
  s.n = Math.max(-1, ...s.items.map((i) => i.row)) + 1;
  s.rows = Array.from({ length: s.n }, () => []);
  for (const i of s.items) s.rows[i.row].push(i);
}

// The longest path; of equal ones the middle one, so that K stands between Q and V.
function chooseSpine(s) {
  const weight = (i) => 1 + (i.kind === "frame" ? i.depth : 0);
  for (const i of [...s.order].reverse()) i.below = weight(i) + Math.max(0, ...i.after.map((t) => t.below));
  const middle = (list) => {
    const most = Math.max(...list.map((i) => i.below));
    const best = [...new Set(list.filter((i) => i.below === most))].sort((a, b) => a.order - b.order);
    return best[(best.length - 1) >> 1];
  };
  s.spine = [];
  if (!s.items.length) return;
  const starts = s.items.filter((i) => !isLeaf(i) && !i.weight);
  let at = middle(starts.length ? starts : s.items);
  while (at) {
    s.spine.push(at);
    at = at.after.length ? middle(at.after) : null;
  }
  s.f.depth = s.spine[0].below;
  s.onSpine = new Set(s.spine);
  s.straight = new Set(); // rows that the spine passes without a box
  const last = s.spine[s.spine.length - 1];
  const ends = [s.spine[0].fromIn ? { row: -1 } : null, ...s.spine, last.toOut ? { row: s.n } : null].filter(Boolean);
  for (let k = 1; k < ends.length; k++) {
    for (let r = ends[k - 1].row + 1; r < ends[k].row; r++) s.straight.add(r);
  }
}

// ---- across ---------------------------------------------------------------------------------------------------------

function setAcross(s) {
  s.left = new Array(s.n).fill(0);
  s.right = new Array(s.n).fill(0);
  for (let r = 0; r < s.n; r++) {
    const center = s.rows[r].find((i) => s.onSpine.has(i));
    const sides = { "-1": [], 1: [] };
    for (const i of s.rows[r]) {
      if (i === center) continue;
      const above = i.before.filter((b) => !isLeaf(b) && !b.weight).map((b) => b.ax);
      const leaf = isLeaf(i) || i.weight;
      i.wish = above.length ? above.reduce((a, b) => a + b, 0) / above.length : 0;
      const side = leaf ? -1 : i.wish < -1 ? -1 : i.wish > 1 ? 1 : i.order < (center ?? s.spine[0]).order ? -1 : 1;
      sides[side].push(i);
    }
    let edge = [0, 0];
    if (center) {
      center.ax = 0;
      edge = reach(center);
    } else if (s.straight.has(r)) edge = [8, 8];
    for (const sign of [-1, 1]) {
      const list = sides[sign].sort((a, b) => sign * (a.wish - b.wish) || sign * (a.order - b.order));
      let at = edge[sign < 0 ? 0 : 1];
      for (const i of list) {
        const [l, right] = reach(i);
        const [near, far] = sign < 0 ? [right, l] : [l, right];
        i.ax = sign * Math.max(at + (at ? GAP.column : 0) + near, sign * i.wish);
        at = sign * i.ax + far;
      }
      (sign < 0 ? s.left : s.right)[r] = at;
    }
    if (!center && !s.straight.has(r) && sides[1].length === 0) centerRow(s, r);
  }
}

// Leaves that stand above the rest, alone in their row, share its middle.
function centerRow(s, r) {
  const last = s.rows[r].reduce((a, b) => (a.ax > b.ax ? a : b));
  const by = (s.left[r] - (last.ax + reach(last)[1])) / 2;
  for (const i of s.rows[r]) i.ax += by;
  s.left[r] -= by;
  s.right[r] = s.left[r];
}

// A net that goes beyond the next row has a lane: on the spine if it is part of it, else beside the rows it passes.
function setLanes(s) {
  const long = [];
  for (const net of s.nets) {
    if (net.from !== IN && net.from.host) continue;
    const start = net.from.row;
    const spineEnd = spineTarget(s, net);
    net.spineEnd = spineEnd;
    net.straightTo = spineEnd ? rowOf(s, spineEnd) : -1; // so far it runs on the spine's own line
    const far = [...net.to].map((t) => [t, rowOf(s, t)]).filter(([, r]) => r > start + 1 && r > net.straightTo);
    net.laneEnd = -1;
    if (s.f.sideIn?.has(net.key) || !far.length) continue;
    if (s.f.sideOut?.has(net.key) && far.every(([t]) => t === OUT)) continue;
    net.laneEnd = Math.max(...far.map(([, r]) => r));
    const x = net.from === IN ? mean(far.filter(([t]) => t !== OUT).map(([t]) => hostOf(t).ax)) : net.from.ax;
    const leaf = net.from !== IN && isLeaf(net.from);
    net.side = leaf || x < -1 ? -1 : x > 1 || net.from !== IN || spineEnd ? 1 : -1;
    long.push([net, start + 1, net.laneEnd - 1, x]);
  }
  long.sort((a, b) => a[2] - a[1] - (b[2] - b[1]) || a[1] - b[1]);
  for (const [net, a, b, x] of long) {
    const reachOf = net.side < 0 ? s.left : s.right;
    let out = net.side * x;
    for (let r = a; r <= b; r++) out = Math.max(out, reachOf[r] + GAP.lane);
    net.lane = net.side * out;
    for (let r = a; r <= b; r++) reachOf[r] = out;
  }
}

function rowOf(s, t) {
  return t === OUT ? s.n : hostOf(t).row;
}

function spineTarget(s, net) {
  if (net.from === IN) {
    if (s.spine.length && net.to.has(s.spine[0])) return s.spine[0];
    return null;
  }
  const k = s.spine.indexOf(net.from);
  if (k < 0) return null;
  if (k === s.spine.length - 1) return net.to.has(OUT) ? OUT : null;
  return net.to.has(s.spine[k + 1]) ? s.spine[k + 1] : null;
}

function mean(list) {
  return list.length ? list.reduce((a, b) => a + b, 0) / list.length : 0;
}

// ---- down -----------------------------------------------------------------------------------------------------------

function dockHeight(i) {
  return i.docks.reduce((h, d) => h + d.h + GAP.stack, -GAP.stack);
}

function setDown(s) {
  s.top = [];
  s.bottom = [];
  let y = s.f.bare ? 0 : GAP.title;
  s.start = y;
  for (let r = 0; r < s.n; r++) {
    y += gapBefore(s, r);
    s.top[r] = y;
    const h = Math.max(...s.rows[r].map((i) => Math.max(i.h, dockHeight(i))));
    for (const i of s.rows[r]) i.cy = i.kind === "frame" ? y : y + (Math.max(i.h, dockHeight(i), h < 130 ? h : 0) - i.h) / 2;
    y += h;
    s.bottom[r] = y;
  }
  const leaves = s.nets.some((net) => net.to.has(OUT));
  s.end = y + Math.max(s.f.bare ? 6 : GAP.pad, leaves ? gapBefore(s, s.n) : 0);
  s.f.gapAbove = new Map(s.items.map((i) => [i, s.top[i.row] - GAP.row / 2]));
}

// Wide curves get a taller gap, and so do many of them.
function gapBefore(s, r) {
  let widest = 0;
  let many = 0;
  for (const net of s.nets) {
    if (net.from.host) continue;
    const x = net.from === IN ? 0 : net.from.ax;
    for (const t of net.to) {
      if (rowOf(s, t) !== r) continue;
      many += 1;
      if (t !== OUT) widest = Math.max(widest, Math.abs((net.laneEnd >= 0 ? net.lane : x) - hostOf(t).ax));
    }
    if (net.laneEnd >= 0 && net.from.row === r - 1) widest = Math.max(widest, Math.abs(net.lane - x));
  }
  return Math.min(GAP.row + widest * 0.05 + (many > 3 ? 4 * (many - 3) : 0), 76);
}
