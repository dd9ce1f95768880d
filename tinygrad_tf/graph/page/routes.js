// Ports and paths inside one frame, in its own coordinates: x from its anchor, y from its top.

// How far an item reaches to the left and to the right of its anchor, docks included.
function reach(i) {
  const anchor = i.kind === "frame" ? i.anchor : i.w / 2;
  const docks = i.docks.length ? Math.max(...i.docks.map((d) => d.w)) + GAP.dock + (i.channel ? GAP.lane : 0) : 0;
  return [anchor + docks, i.w - anchor];
}

function setPorts(s) {
  const f = s.f;
  f.inX = new Map();
  f.outX = new Map();
  f.exits = new Map(); // keys that leave at the right, and at which height
  arrangeArrivals(s);
  const taken = { in: [], out: [] };
  const free = (x, list) => {
    let at = x;
    for (let k = 1; list.some((o) => Math.abs(o - at) < 11); k++) at = x + (k % 2 ? 1 : -1) * Math.ceil(k / 2) * 12;
    list.push(at);
    return at;
  };
  const nets = [...s.nets].sort((a, b) => (b.spineEnd ? 1 : 0) - (a.spineEnd ? 1 : 0));
  for (const net of nets) {
    if (net.from === IN && !f.sideIn?.has(net.key)) {
      const near = [...net.to].filter((t) => t !== OUT && hostOf(t).row === 0).map((t) => arrivalX(net, t));
      const x = net.spineEnd ? 0 : net.laneEnd >= 0 ? net.lane : mean(near);
      f.inX.set(net.key, free(x, taken.in));
    }
    if (net.to.has(OUT) && !f.sideOut?.has(net.key)) {
      const x = net.spineEnd === OUT ? 0 : net.laneEnd >= 0 ? net.lane : net.from === IN ? f.inX.get(net.key) : leaveX(net, s);
      f.outX.set(net.key, free(x, taken.out));
    }
  }
}

// Where the net leaves the box it comes from.
function leaveX(net) {
  return net.from.kind === "frame" ? net.from.ax + (net.from.outX.get(net.key) ?? 0) : net.from.ax;
}

// Where it comes to a box: at the port of an open module, at its place along the top of any other.
function arrivalX(net, t) {
  if (t.kind === "frame") return t.ax + (t.inX.get(net.key) ?? 0);
  return t.host ? t.host.ax - reach(t.host)[0] + 4 : t.ax + (t.slots?.get(net.key) ?? 0);
}

// Several edges into one box come in side by side, in the order in which they come from left to right.
function arrangeArrivals(s) {
  const into = new Map();
  for (const net of s.nets) {
    if (net.from !== IN && net.from.host) continue;
    for (const t of net.to) {
      if (t === OUT || t.kind === "frame" || t.host) continue;
      const straight = t === net.spineEnd;
      const far = t.row > net.from.row + 1 && t.row > net.straightTo;
      const side = net.from === IN && s.f.sideIn?.has(net.key);
      const x = side ? -1e6 : straight ? 0 : far && net.laneEnd >= 0 ? net.lane : net.from === IN ? t.ax + (s.onSpine.has(t) ? 1 : 0) : leaveX(net);
      if (!into.has(t)) into.set(t, []);
      into.get(t).push({ key: net.key, x, straight });
    }
  }
  for (const [t, list] of into) {
    t.slots = new Map();
    list.sort((a, b) => a.x - b.x);
    let mid = list.findIndex((a) => a.straight);
    if (mid < 0) mid = list.reduce((best, a, k) => (Math.abs(a.x - t.ax) < Math.abs(list[best].x - t.ax) ? k : best), 0);
    const room = Math.max(list.length - 1 - mid, mid, 1);
    const step = Math.min(22, (t.w / 2 - 10) / room);
    list.forEach((a, k) => t.slots.set(a.key, (k - mid) * step));
  }
}

// For each net and each place that it leads to, the points of its way. {x, y, curve}: reached by a curve or straight.
function route(s) {
  for (const net of s.nets) {
    net.way = new Map();
    for (const t of net.to) net.way.set(t, net.from !== IN && net.from.host ? fromDock(net, t) : way(s, net, t));
  }
}

function fromDock(net, t) {
  const d = net.from;
  const y = d.cy + d.h / 2;
  const end = Math.min(Math.max(y, t.cy + 10), t.cy + t.h - 10);
  const x = t.ax - t.w / 2;
  if (Math.abs(end - y) < 1) return [{ x: d.x0 + d.w, y }, { x, y }];
  return [{ x: d.x0 + d.w, y }, { x, y: end, curve: "h" }];
}

function way(s, net, t) {
  const sideIn = net.from === IN && s.f.sideIn?.has(net.key);
  if (sideIn) return sideWay(s, net, t);
  const points = [];
  const startX = net.from === IN ? s.f.inX.get(net.key) : leaveX(net);
  const row = net.from.row;
  if (net.from === IN) points.push({ x: startX, y: 0 }, { x: startX, y: s.start });
  else points.push({ x: startX, y: net.from.cy + net.from.h }, { x: startX, y: s.bottom[row] });
  if (t === OUT && s.f.sideOut?.has(net.key)) {
    const y = s.bottom[row] + GAP.row / 2;
    s.f.exits.set(net.key, y);
    points.push({ x: startX, y, round: true }, { x: Infinity, y });
    return points;
  }
  const end = rowOf(s, t);
  if (end > row + 1 && end > net.straightTo) {
    points.push({ x: net.lane, y: s.top[row + 1], curve: "v" }, { x: net.lane, y: s.bottom[end - 1] });
  } else if (end > row + 1) points.push({ x: startX, y: s.top[row + 1] }, { x: 0, y: s.bottom[end - 1], curve: startX ? "v" : undefined });
  if (t === OUT) {
    const x = s.f.outX.get(net.key);
    points.push({ x, y: s.end, curve: "v" });
  } else points.push(...arrive(s, net, t));
  return points;
}

// From the gap above its row down into a box, or around to the left of a dock.
function arrive(s, net, t) {
  const x = arrivalX(net, t);
  const points = [{ x, y: s.top[hostOf(t).row], curve: "v" }];
  if (t.host) {
    const y = t.cy + t.h / 2;
    points.push({ x, y, round: true }, { x: t.x0, y });
  } else points.push({ x, y: t.cy });
  return points;
}

// From the left border straight into the gap above the box, or on into an open module at its height.
function sideWay(s, net, t) {
  if (t === OUT) return [];
  if (t.kind === "frame" && t.sideIn?.has(net.key)) return [{ x: -Infinity, y: 0 }];
  const x = arrivalX(net, t);
  const y = s.top[hostOf(t).row] - GAP.row / 2;
  return [{ x: -Infinity, y }, { x, y, round: true }, { x, y: hostOf(t).cy }];
}

// The size of the frame, and where its children stand in it.
function finish(s) {
  const f = s.f;
  const pad = f.column ? 0 : f.parent ? GAP.pad : 6;
  let left = Math.max(0, ...s.left);
  let right = Math.max(0, ...s.right);
  for (const net of s.nets) {
    for (const x of [f.inX.get(net.key), f.outX.get(net.key)]) {
      if (x !== undefined) {
        left = Math.max(left, -x);
        right = Math.max(right, x);
      }
    }
  }
  f.anchor = Math.max(left + pad, f.inX.size ? (f.titleWidth ?? 0) - 20 : 0); // no wire through the title
  f.w = Math.max(f.anchor + right + pad, f.titleWidth ?? 0);
  f.h = s.end;
  for (const i of s.items) {
    i.alone = s.rows[i.row].every((o) => o.ax >= i.ax);
    i.x = f.anchor + i.ax - (i.kind === "frame" ? i.anchor : i.w / 2);
    i.y = i.cy;
    let y = i.cy + (i.h - dockHeight(i)) / 2;
    for (const d of i.docks) {
      d.x0 = i.ax - i.w / 2 - GAP.dock - d.w;
      d.x = f.anchor + d.x0;
      d.cy = d.y = y;
      y += d.h + GAP.stack;
    }
  }
  route(s); // once more, now that the docks have their places
}

function place(item, x, y) {
  item.X = x;
  item.Y = y;
  for (const c of item.children ?? []) place(c, x + c.x, y + c.y);
}

// The whole way of an edge: out of the frames around its source, across, into those around its target.
function pathOf(e) {
  const points = [];
  const add = (f, to) => {
    const found = f.nets.get(e.source.id).way.get(to);
    for (const p of found) points.push({ ...p, x: p.x + f.X + f.anchor, y: p.y + f.Y });
  };
  for (let i = e.up.length - 1; i >= 0; i--) add(e.up[i], OUT);
  add(e.top, e.down[0] ?? e.target);
  e.down.forEach((f, i) => add(f, e.down[i + 1] ?? e.target));
  return e.top.columns ? acrossColumns(e, points) : points;
}
