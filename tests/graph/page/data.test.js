import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { gradientAt, itemGradient, widthOf, wireGradient } from "../../../tinygrad_tf/graph/page/js/data/gradients.js";
import { unpacked } from "../../../tinygrad_tf/graph/page/js/data/data.js";
import { openedAtFirst, visible } from "../../../tinygrad_tf/graph/page/js/data/items.js";
import { globalStep, onRoutes, routesTo, strongestTo } from "../../../tinygrad_tf/graph/page/js/data/routes.js";
import { GRAPHS, openable } from "./graphs.js";

// A test of each graph that the data of pages is made of.
function everywhere(title, check) {
  for (const [name, data] of Object.entries(GRAPHS)) test(`${title}: ${name}`, () => check(data));
}

test("data is unpacked as it was packed", async () => {
  const data = { names: ["</script>", "权重", "‖dW‖"] };
  assert.deepEqual(await unpacked(deflateSync(JSON.stringify(data)).toString("base64")), data);
});

// ---- steps ----------------------------------------------------------------------------------------------------------

everywhere("a gradient builds up edge by edge, and is whole at the end", (data) => {
  for (const n of data.nodes.filter((node) => node.norm !== undefined)) {
    const found = Array.from({ length: data.steps.length + 1 }, (_, step) => gradientAt(data, n, step));
    assert.equal(found[0].arrived, 0);
    assert.ok(found.every(({ arrived }, i) => i === 0 || arrived >= found[i - 1].arrived));
    assert.equal(found.at(-1).arrived, found.at(-1).of);
    assert.equal(found.at(-1).norm, n.norm);
  }
});

everywhere("the gradient of an operation is whole when its step comes", (data) => {
  for (const [id, step] of data.stepOf) {
    const { arrived, of } = gradientAt(data, data.node.get(id), step);
    assert.equal(arrived, of);
  }
});

everywhere("constants and inputs get no gradient", (data) => {
  const view = visible(data, openedAtFirst(data));
  const steps = data.steps.length;
  for (const wire of view.edges.filter((w) => w.source.kind === "constant" || w.source.kind === "input")) {
    assert.equal(wireGradient(data, wire, steps, null).back, false);
  }
});

everywhere("a wire carries a gradient from the step on that serves one of its edges", (data) => {
  const view = visible(data, openedAtFirst(data));
  for (const wire of view.edges) {
    const first = Math.min(...wire.edges.map((e) => e.step ?? Infinity));
    const back = data.steps.map((_, i) => wireGradient(data, wire, i + 1, null).back);
    assert.deepEqual(back, data.steps.map((_, i) => i + 1 >= first));
  }
});

everywhere("in each step a gradient moves along the edges that it serves, and along no other", (data) => {
  const view = visible(data, new Set(openable(data)));
  data.steps.forEach(([, sent], i) => {
    const moving = view.edges.filter((w) => wireGradient(data, w, i + 1, null).now && w.edges.length);
    const served = view.edges.filter((w) => w.edges.some((e) => sent.includes(e.id)));
    assert.deepEqual(moving.map((w) => w.id), served.map((w) => w.id));
  });
});

test("an open fused node has the norms of its primitives when its step comes", () => {
  const data = GRAPHS.encoder;
  const node = data.nodes.find((n) => n.op === "layer_norm");
  const { parts } = visible(data, new Set(openable(data))).itemOf.get(node.id);
  const step = data.stepOf.get(node.id);
  const part = parts.find((p) => p?.inner.norm);
  assert.equal(itemGradient(data, part, step - 1).arrived, 0);
  assert.equal(itemGradient(data, part, step).norm, part.inner.norm);
});

test("a wire is as wide as the logarithm of the norm, over three decades", () => {
  const data = { largest: 10 };
  assert.equal(widthOf(data, 10), 6.4);
  assert.ok(Math.abs(widthOf(data, 1) - (1.4 + (5 * 2) / 3)) < 1e-12);
  for (const norm of [1e-3, 0, NaN, Infinity]) assert.equal(widthOf(data, norm), 1.4);
});

// ---- routes ---------------------------------------------------------------------------------------------------------

// The number of routes to a node, counted along the edges that the page keeps for it.
function countRoutes(data, id) {
  const { edges } = routesTo(data, id);
  const count = new Map([[data.loss, 1n]]);
  for (const [n, sent] of data.steps) {
    for (const e of sent.filter((edge) => edges.has(edge))) {
      const { source } = data.edge.get(e);
      count.set(source, (count.get(source) ?? 0n) + count.get(n));
    }
  }
  return Number(count.get(id));
}

everywhere("the edges kept for a weight make as many routes as were counted when the page was made", (data) => {
  for (const id of data.weights.filter((w) => data.node.get(w).norm !== undefined)) {
    const counted = Number(data.node.get(id).routes.replaceAll(",", ""));
    assert.ok(Math.abs(countRoutes(data, id) - counted) <= 0.01 * counted);
  }
});

everywhere("the strongest route leads from the loss to the weight, edge by edge", (data) => {
  for (const id of data.weights.filter((w) => data.node.get(w).norm !== undefined)) {
    const edges = strongestTo(data, id).map((e) => data.edge.get(e));
    assert.equal(edges[0].target, data.loss);
    assert.equal(edges.at(-1).source, id);
    assert.ok(edges.every((e, i) => i === 0 || e.target === edges[i - 1].source));
  }
});

everywhere("stepping along routes keeps to what lies on them", (data) => {
  for (const id of data.weights.filter((w) => data.node.get(w).norm !== undefined)) {
    const routes = routesTo(data, id);
    const passed = routes.steps.map((_, i) => data.steps[globalStep(i + 1, routes) - 1][0]);
    assert.ok(passed.length && passed.every((n) => routes.nodes.has(n) && n !== id));
    assert.equal(globalStep(0, routes), 0);
  }
});

everywhere("an item is on the routes if something that it shows is", (data) => {
  const id = data.weights.find((w) => data.node.get(w).norm !== undefined);
  if (!id) return;
  const routes = routesTo(data, id);
  for (const open of [new Set(), openedAtFirst(data), new Set(openable(data))]) {
    const view = visible(data, open);
    const shown = new Set([...view.itemOf].filter(([n]) => routes.nodes.has(n)).map(([, item]) => item));
    const items = [...new Set(view.itemOf.values())].filter((item) => !item.fused);
    for (const item of items) assert.equal(onRoutes(item, routes), shown.has(item));
  }
});

// ---- items ----------------------------------------------------------------------------------------------------------

test("at first there are neither too few nor too many boxes", () => {
  const { dates } = GRAPHS;
  const shown = new Set(visible(dates, openedAtFirst(dates)).itemOf.values());
  assert.ok(shown.size >= 30 && shown.size <= 150, String(shown.size));
});

everywhere("each node is shown by one box, its own or that of a closed module around it", (data) => {
  const around = (n) => {
    const found = [];
    for (let m = n.module; m; m = data.module.get(m).parent) found.unshift(m);
    return found;
  };
  for (const open of [new Set(), openedAtFirst(data), new Set(openable(data))]) {
    const { itemOf } = visible(data, open);
    for (const n of data.nodes) assert.equal(itemOf.get(n.id).id, around(n).find((m) => !open.has(m)) ?? n.id);
  }
});

test("the primitives of an open fused node are wired as its definition says, and the last one leads out", () => {
  const data = GRAPHS.encoder;
  const view = visible(data, new Set(openable(data)));
  for (const item of new Set([...view.itemOf.values()].filter((i) => i.fused))) {
    const inside = view.edges.filter((w) => w.source.of === item.node && w.target.of === item.node);
    const pairs = item.definition.edges.map((e) => [item.parts[e.source], item.parts[e.target]]);
    const wanted = pairs.filter(([a, b]) => a && b).map(([a, b]) => `${a.id}>${b.id}`);
    assert.deepEqual(new Set(inside.map((w) => w.id)), new Set(wanted));
    const out = view.edges.filter((w) => w.source.of === item.node && w.target.of !== item.node);
    assert.ok(out.length && out.every((w) => w.source === item.parts.at(-1)));
  }
});

everywhere("each edge between two boxes is in the wire between them", (data) => {
  const { itemOf, edges } = visible(data, openedAtFirst(data));
  const wires = new Map(edges.map((w) => [w.id, w]));
  for (const e of data.edges) {
    const [a, b] = [itemOf.get(e.source), itemOf.get(e.target)];
    if (a !== b) assert.ok(wires.get(`${a.id}>${b.id}`).edges.includes(e));
  }
});
