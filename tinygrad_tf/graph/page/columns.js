// Two modules side by side: a decoder beside its encoder, so that what it attends to comes in from the left, at or
// below the encoder's last row, and not from far above.

const WORTH = 150; // pixels of the second module that do not wait for the first

// Finds the two modules of a frame, if there are two, and parts its children into two columns.
function stagger(f) {
  if (f.columns || f.column || f.fused) return false;
  const big = (i) => i !== IN && i !== OUT && i.kind === "frame" && !i.fused && i.h > WORTH;
  for (const net of f.nets.values()) {
    if (!big(net.from)) continue;
    for (const b of net.to) {
      if (!big(b) || firstUse(b, net.key) < WORTH) continue;
      const second = secondColumn(f, net.from, b);
      if (!second) continue;
      const column = (id, inside) => {
        const c = { id: `${f.id}/${id}`, kind: "frame", column: true, parent: f, order: inside[0].order, children: inside, docks: [] };
        for (const i of inside) i.parent = c;
        return c;
      };
      f.columns = [column("a", f.children.filter((c) => !second.has(c))), column("b", f.children.filter((c) => second.has(c)))];
      f.pair = [net.key, net.from, b];
      f.children = f.columns;
      return true;
    }
  }
  return false;
}

// How far below the top of a frame what comes in by this key is first used.
function firstUse(f, key) {
  let least = Infinity;
  for (const t of f.nets.get(key)?.to ?? []) {
    if (t !== OUT) least = Math.min(least, t.kind === "frame" ? t.cy + firstUse(t, key) : hostOf(t).cy);
  }
  return least;
}

function secondColumn(f, a, b) {
  const after = new Map(f.children.map((c) => [c, []]));
  const before = new Map(f.children.map((c) => [c, []]));
  for (const net of f.nets.values()) {
    if (net.from === IN) continue;
    for (const t of net.to) {
      if (t === OUT) continue;
      after.get(net.from).push(t);
      before.get(t).push(net.from);
    }
  }
  const reached = (from, next) => {
    const found = new Set();
    const stack = [...from];
    while (stack.length) for (const i of next.get(stack.pop())) if (!found.has(i)) found.add(i), stack.push(i);
    return found;
  };
  const aboveA = reached([a], before);
  const belowA = reached([a], after);
  const own = [...reached([b], before)].filter((i) => i !== a && !aboveA.has(i) && !belowA.has(i));
  if (!own.some((i) => !isLeaf(i))) return null;
  const second = new Set([b, ...own]);
  for (const i of reached(second, after)) second.add(i);
  for (const c of f.children) {
    const uses = after.get(c);
    if (isLeaf(c) && uses.length && uses.every((u) => second.has(u))) second.add(c);
  }
  return second;
}

// Which edges leave the first column at its right, and enter the second at its left.
function markSides(view) {
  for (const e of view.edges) {
    const [a, b] = e.top.columns ?? [];
    if (!a || e.up[0] !== a || e.down[0] !== b) continue;
    (a.sideOut ??= new Set()).add(e.source.id);
    for (const f of e.down) {
      if (f !== b && !f.alone) break;
      (f.sideIn ??= new Set()).add(e.source.id);
    }
  }
}

// The height in a frame at which a key from the left comes in first.
function sideHeight(f, key) {
  let least = Infinity;
  for (const t of f.nets.get(key).to) {
    if (t === OUT) continue;
    const inner = t.kind === "frame" && t.sideIn?.has(key);
    least = Math.min(least, inner ? t.cy + sideHeight(t, key) : f.gapAbove.get(hostOf(t)));
  }
  return least;
}

function layoutColumns(f) {
  const [a, b] = f.columns;
  const [key] = f.pair;
  const keys = [...(a.sideOut ?? [])];
  const bare = !f.parent || f.column;
  const pad = bare ? 6 : GAP.pad;
  const top = bare ? 0 : GAP.title + GAP.row;
  const shift = Math.max(0, (a.exits.get(key) ?? 0) - sideHeight(b, key));
  Object.assign(a, { x: pad, y: top, cy: top });
  Object.assign(b, { x: pad + a.w + GAP.lane * (keys.length + 2), y: top + shift, cy: top + shift });
  f.anchor = a.x + a.anchor;
  f.depth = a.depth + b.depth;
  for (const c of f.columns) c.ax = c.x + c.anchor - f.anchor;
  f.w = b.x + b.w + pad;
  f.h = Math.max(a.y + a.h, b.y + b.h) + (bare ? 6 : GAP.row);
  f.trunk = new Map(keys.map((k, i) => [k, a.x + a.w + GAP.lane * (i + 1.5)]));
  f.inX = new Map();
  f.outX = new Map();
  f.gapAbove = new Map();
  for (const net of f.nets.values()) columnWays(f, net);
}

// Ways between the columns and the border; those from one column to the other are put together in acrossColumns.
function columnWays(f, net) {
  net.way = new Map();
  for (const t of net.to) {
    if (net.from !== IN && t !== OUT) {
      net.way.set(t, []);
      continue;
    }
    const box = net.from === IN ? t : net.from;
    const x = box === OUT ? 0 : box.ax + ((net.from === IN ? box.inX : box.outX).get(net.key) ?? 0);
    const port = net.from === IN ? f.inX : f.outX;
    if (!port.has(net.key)) port.set(net.key, x);
    const px = port.get(net.key);
    if (net.from === IN) net.way.set(t, [{ x: px, y: 0 }, { x: px, y: GAP.title }, { x, y: f.columns[0].y, curve: "v" }, { x, y: box.y ?? 0 }]);
    else net.way.set(t, [{ x, y: box.y + box.h }, { x, y: f.h }]);
  }
}

// From the right end of the first column down or up the trunk between them, and into the second.
function acrossColumns(e, points) {
  if (e.up[0] !== e.top.columns[0] || e.down[0] !== e.top.columns[1]) return points;
  const exit = points.findIndex((p) => p.x === Infinity);
  let entry = exit;
  points.forEach((p, i) => (entry = p.x === -Infinity ? i : entry));
  const x = e.top.X + e.top.trunk.get(e.source.id);
  const bend = [{ x, y: points[exit].y, round: true }, { x, y: points[entry].y, round: true }];
  return [...points.slice(0, exit), ...bend, ...points.slice(entry + 1)];
}
