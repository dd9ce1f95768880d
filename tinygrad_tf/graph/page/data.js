// The data of the page: read once, and indexed by what the rest asks for.

async function readData() {
  const text = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return indexed(JSON.parse(await new Response(stream).text()));
}

// Adds to the data: node, edge and module by id, edges in and out of each node, and when each edge is served.
function indexed(data) {
  data.node = new Map(data.nodes.map((n, i) => [n.id, Object.assign(n, { order: i, into: [], out: [] })]));
  data.edge = new Map(data.edges.map((e) => [e.id, e]));
  data.module = new Map(data.modules.map((m) => [m.id, m]));
  for (const e of data.edges) {
    data.node.get(e.target).into.push(e);
    data.node.get(e.source).out.push(e);
  }
  data.stepOf = new Map();
  data.steps.forEach(([node, sent], i) => {
    data.stepOf.set(node, i + 1);
    for (const id of sent) data.edge.get(id).step = i + 1;
  });
  for (const n of data.nodes) {
    n.arrivals = n.out.filter((e) => e.step).sort((a, b) => a.step - b.step || a.position - b.position);
  }
  data.largest = Math.max(0, ...data.edges.map((e) => number(e.sent)).filter(Number.isFinite));
  return data;
}

// Numbers that JSON cannot hold come as text.
function number(x) {
  return x === undefined || x === null ? NaN : Number(x);
}

// Three significant digits, with a minus sign; NaN and infinities by name.
function three(x) {
  if (x === undefined || x === null) return "–";
  const v = Number(x);
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  if (v === 0) return "0";
  const size = Math.abs(v);
  const text = size >= 1e5 || size < 1e-4 ? v.toExponential(2).replace(/\.?0+e/, "e") : String(Number(v.toPrecision(3)));
  return text.replace("e-", "e−").replace(/^-/, "−");
}

function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

// The gradient of a node after `step` steps: none, part of its sum, or the whole.
function gradientAt(data, node, step) {
  if (node.id === data.loss) return step >= 1 ? { arrived: 1, of: 1, norm: 1 } : { arrived: 0, of: 1 };
  const of = node.arrivals.length;
  let arrived = 0;
  while (arrived < of && node.arrivals[arrived].step <= step) arrived += 1;
  if (arrived === 0) return { arrived, of };
  if (arrived === of) return { arrived, of, norm: node.norm };
  return { arrived, of, norm: node.join ? node.join.partial[arrived - 1] : undefined };
}

// All that lies on a way from the loss to a node: the node and what was made of it, as far as gradients go.
function routesTo(data, id) {
  const nodes = new Set([id]);
  const edges = new Set();
  const stack = [id];
  while (stack.length) {
    for (const e of data.node.get(stack.pop()).arrivals) {
      edges.add(e.id);
      if (!nodes.has(e.target)) {
        nodes.add(e.target);
        stack.push(e.target);
      }
    }
  }
  const steps = data.steps.map(([n], i) => [n, i + 1]).filter(([n]) => n !== id && nodes.has(n)).map(([, i]) => i);
  return { nodes, edges, steps };
}

// The strongest route to a node, as edges from the loss on.
function strongestTo(data, id) {
  const found = [];
  for (let n = data.node.get(id); n.via; n = data.node.get(data.edge.get(n.via).target)) found.push(n.via);
  return found.reverse();
}
