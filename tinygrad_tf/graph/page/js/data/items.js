// What is shown: the items that the open modules leave visible, as a tree, and the wires between them.
//
// An item is a node, a closed module (kind "module"), or an open one (kind "frame"), which holds items itself. A fused
// node whose definition is open is a frame, too.

const FIRST_BOXES = 100; // about so many show at first

// Opens modules from the outside in, until about a hundred boxes show; of equal layers only the first.
export function openedAtFirst(data) {
  if (data.depth !== undefined) return openedTo(data, data.depth);
  const size = new Map([[null, 0]]);
  const add = (id) => size.set(id ?? null, size.get(id ?? null) + 1);
  for (const m of data.modules) size.set(m.id, 0);
  for (const n of data.nodes) add(n.module);
  for (const m of data.modules) add(m.parent);
  const open = new Set();
  let shown = size.get(null);
  const queue = data.modules.filter((m) => !m.parent);
  while (queue.length) {
    const m = queue.shift();
    if (m.like || m.count > 1 || shown - 1 + size.get(m.id) > FIRST_BOXES) continue;
    open.add(m.id);
    shown += size.get(m.id) - 1;
    queue.push(...data.modules.filter((c) => c.parent === m.id));
  }
  return open;
}

function openedTo(data, depth) {
  return new Set(data.modules.filter((m) => levelOf(data, m) < depth).map((m) => m.id));
}

function levelOf(data, module) {
  let level = 0;
  for (let m = module; m.parent; m = data.module.get(m.parent)) level += 1;
  return level;
}

// The tree of visible items, and which of them shows a node or a module.
export function visible(data, open) {
  const root = { id: "root", kind: "frame", children: [], parent: null, order: 0 };
  const boxOf = moduleItems(data, open, root);
  const itemOf = new Map();
  for (const n of data.nodes) itemOf.set(n.id, nodeItem(data, open, n, n.module ? boxOf.get(n.module) : root));
  return { root, itemOf, boxOf, edges: visibleEdges(data, itemOf) };
}

function moduleItems(data, open, root) {
  const boxOf = new Map();
  for (const m of data.modules) {
    const around = boxOf.get(m.parent) ?? root;
    if (around.kind === "module") {
      boxOf.set(m.id, around); // closed: it hides what is in it
      continue;
    }
    const kind = open.has(m.id) ? "frame" : "module";
    const item = { id: m.id, kind, module: m, parent: around, children: [], nodes: [], order: Infinity };
    around.children.push(item);
    boxOf.set(m.id, item);
  }
  return boxOf;
}

// The item that shows a node: its own in `box`, or the box itself where that is closed.
function nodeItem(data, open, n, box) {
  if (n.op) for (let b = box; b; b = b.parent) b.order = Math.min(b.order, n.order);
  if (box.kind === "module") {
    box.nodes.push(n);
    return box;
  }
  const item = { id: n.id, kind: n.kind, node: n, parent: box, order: n.order, weight: n.weight };
  box.children.push(item);
  if (n.inside && open.has(n.id)) openFused(data, item);
  return item;
}

// A fused node as a frame with the primitives of its definition; its inputs are those of the node itself.
function openFused(data, item) {
  const [index, values, gradients, , worked] = item.node.inside;
  const definition = data.definitions[index];
  Object.assign(item, { kind: "frame", fused: true, children: [], definition });
  item.parts = definition.nodes.map((part, i) => {
    if (part.input !== undefined) return null;
    const id = `${item.id}/${i}`;
    const inner = { ...part, id, value: values[i], norm: gradients[i], worked: worked[i] ?? [] };
    const kind = part.kind === "loss" ? "operation" : part.kind;
    const child = { id, kind, inner, of: item.node, parent: item, order: item.order + (i + 1) / 1000 };
    item.children.push(child);
    return child;
  });
}

// A wire between two items stands for all edges between what they show.
function visibleEdges(data, itemOf) {
  const found = new Map();
  const add = (source, target, edge, inner) => {
    if (source === target) return;
    const id = `${source.id}>${target.id}`;
    if (!found.has(id)) found.set(id, { id, source, target, edges: [], inner: [] });
    if (edge) found.get(id).edges.push(edge);
    if (inner) found.get(id).inner.push(inner);
  };
  for (const item of new Set(itemOf.values())) if (item.fused) edgesInside(item, add);
  for (const e of data.edges) {
    const [a, b] = [itemOf.get(e.source), itemOf.get(e.target)];
    const from = a.fused ? a.parts.at(-1) : a;
    for (const to of b.fused ? entries(b, e.position) : [b]) add(from, to, e);
  }
  return [...found.values()];
}

function edgesInside(item, add) {
  item.definition.edges.forEach((e, k) => {
    const [a, b] = [item.parts[e.source], item.parts[e.target]];
    if (a && b) add(a, b, null, { ...e, sent: item.node.inside[3][k], of: item.node });
  });
}

// The primitives of an open fused node that use its input of this position.
function entries(item, position) {
  const { nodes, edges } = item.definition;
  return edges.filter((e) => nodes[e.source].input === position).map((e) => item.parts[e.target]);
}

// Every item that can be pointed at, in reading order: frames before what is in them.
export function listed(root) {
  const found = [];
  const walk = (item) => {
    if (item !== root) found.push(item);
    if (item.kind === "frame") for (const c of [...item.children].sort((a, b) => a.y - b.y || a.x - b.x)) walk(c);
  };
  walk(root);
  return found;
}

// Which of the layers that are folded into one module made a node: layers.7.
export function layerOf(module, node) {
  if (!(module?.count > 1) || !node.path) return null;
  const parts = node.path.split(".").slice(0, module.path.split(".").length);
  return parts.slice(/^\d+$/.test(parts.at(-1)) ? -2 : -1).join(".");
}

// Whether it can be opened: a closed module, or a fused operation whose definition is here.
export function opens(item) {
  return item.kind === "module" || Boolean(item.node?.inside);
}
