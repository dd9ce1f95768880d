// What is shown: the boxes that the open modules leave visible, as a tree, and the edges between them.

// Opens modules from the outside in, until about a hundred boxes show; of equal layers only the first.
function openedAtFirst(data) {
  const size = new Map([[null, 0]]);
  for (const m of data.modules) size.set(m.id, 0);
  for (const n of data.nodes) size.set(n.module ?? null, size.get(n.module ?? null) + 1);
  for (const m of data.modules) size.set(m.parent ?? null, size.get(m.parent ?? null) + 1);
  const open = new Set();
  let shown = size.get(null);
  const queue = data.modules.filter((m) => !m.parent);
  while (queue.length) {
    const m = queue.shift();
    if (m.like || m.count > 1 || shown - 1 + size.get(m.id) > 100) continue;
    open.add(m.id);
    shown += size.get(m.id) - 1;
    queue.push(...data.modules.filter((c) => c.parent === m.id));
  }
  return open;
}

// The tree of visible items. An item is a node, a closed module (kind "module") or an open one (kind "frame").
function visible(data, open) {
  const root = { id: "root", kind: "frame", children: [], parent: null, order: 0 };
  const frames = new Map([[null, root]]);
  const itemOf = new Map(); // node id → the item that shows it
  const boxOf = new Map(); // module id → the item that shows it
  for (const m of data.modules) {
    const hidden = boxOf.get(m.parent);
    if (hidden && hidden.kind === "module") {
      boxOf.set(m.id, hidden);
      continue;
    }
    const parent = frames.get(m.parent ?? null);
    const item = { id: m.id, kind: open.has(m.id) ? "frame" : "module", module: m, parent, children: [], nodes: [], order: Infinity };
    parent.children.push(item);
    boxOf.set(m.id, item);
    if (item.kind === "frame") frames.set(m.id, item);
  }
  for (const n of data.nodes) {
    const box = n.module ? boxOf.get(n.module) : root;
    if (box.kind === "module") {
      box.nodes.push(n);
      if (n.op) box.order = Math.min(box.order, n.order);
      itemOf.set(n.id, box);
      continue;
    }
    const item = { id: n.id, kind: n.kind, node: n, parent: box, order: n.order, weight: n.weight };
    box.children.push(item);
    if (n.inside && open.has(n.id)) openFused(data, item);
    itemOf.set(n.id, item);
    if (n.op) for (let b = box; b; b = b.parent) b.order = Math.min(b.order, n.order);
  }
  return { root, itemOf, boxOf, edges: visibleEdges(data, itemOf) };
}

// A fused node as a frame with the primitives of its definition; its inputs are those of the node itself.
function openFused(data, item) {
  const [index, values, gradients] = item.node.inside;
  const definition = data.definitions[index];
  Object.assign(item, { kind: "frame", fused: true, children: [], definition });
  item.parts = definition.nodes.map((part, i) => {
    if (part.input !== undefined) return null;
    const made = { ...part, id: `${item.id}/${i}`, value: values[i], norm: gradients[i] };
    const child = { id: made.id, kind: part.kind === "loss" ? "operation" : part.kind, inner: made, of: item.node, parent: item, order: item.order + (i + 1) / 1000 };
    item.children.push(child);
    return child;
  });
}

function visibleEdges(data, itemOf) {
  const found = new Map();
  const add = (a, b, e, inner) => {
    if (a === b) return;
    const key = `${a.id}>${b.id}`;
    if (!found.has(key)) found.set(key, { id: key, source: a, target: b, edges: [], inner: [] });
    if (e) found.get(key).edges.push(e);
    if (inner) found.get(key).inner.push(inner);
  };
  const seen = new Set();
  for (const item of itemOf.values()) {
    if (!item.fused || seen.has(item)) continue;
    seen.add(item);
    item.definition.edges.forEach((e, k) => {
      const [a, b] = [item.parts[e.source], item.parts[e.target]];
      if (a && b) add(a, b, null, { ...e, sent: item.node.inside[3][k], of: item.node });
    });
  }
  for (const e of data.edges) {
    const [a, b] = [itemOf.get(e.source), itemOf.get(e.target)];
    const from = a.fused ? a.parts[a.parts.length - 1] : a;
    if (!b.fused) {
      add(from, b, e);
      continue;
    }
    const entries = b.definition.edges.filter((i) => b.definition.nodes[i.source].input === e.position);
    for (const i of entries) add(from, b.parts[i.target], e);
  }
  return [...found.values()];
}

// Every item that can be pointed at, in reading order: frames before what is in them.
function listed(root) {
  const found = [];
  const walk = (item) => {
    if (item !== root) found.push(item);
    if (item.kind === "frame") for (const c of [...item.children].sort((a, b) => a.y - b.y || a.x - b.x)) walk(c);
  };
  walk(root);
  return found;
}
