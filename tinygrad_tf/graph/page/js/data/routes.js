// The routes by which the gradient of the loss reaches a node.

import { number } from "../numbers.js";

// All that lies on a way from the loss to a node: the node and what was made of it, as far as gradients go.
export function routesTo(data, id) {
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
  const passed = ([n]) => n !== id && nodes.has(n);
  const steps = data.steps.flatMap((step, i) => (passed(step) ? [i + 1] : []));
  return { nodes, edges, steps };
}

// The strongest route to a node, as edges from the loss on.
export function strongestTo(data, id) {
  const found = [];
  for (let n = data.node.get(id); n.via; n = data.node.get(data.edge.get(n.via).target)) found.push(n.via);
  return found.reverse();
}

// Operations whose gradients are those that come, in another order or place.
const ONLY_MOVED = ["reshape", "transpose", "swapaxes", "split_heads", "join_heads", "getitem", "expand_dims"];

const ENOUGH = 0.25; // the share of what adds up at a join with which a skip connection is the main route

// The main route: the strongest one, which takes the skip connections that carry a good share, and is short by that.
export function mainRouteTo(data, id) {
  const found = [];
  let node = data.node.get(id);
  while (node.via) {
    const edge = mainEdge(data, node);
    found.push(edge);
    node = data.node.get(data.edge.get(edge).target);
  }
  return found.reverse();
}

function mainEdge(data, node) {
  const sent = (e) => number(data.edge.get(e).sent);
  const skip = (node.join?.skips ?? []).toSorted((a, b) => sent(b) - sent(a))[0];
  if (skip === undefined) return node.via;
  const all = node.arrivals.reduce((sum, e) => sum + number(e.sent), 0);
  return sent(skip) >= ENOUGH * all ? skip : node.via;
}

// Where one stops on the main route, as numbers among the steps on all routes. Several steps in one closed module,
// `itemOf` says which, are one stop, the last of them; what only moves entries is none.
export function stopsTo(data, id, routes, itemOf) {
  const found = [];
  for (const edge of mainRouteTo(data, id)) {
    const { step, target } = data.edge.get(edge);
    const item = itemOf.get(target);
    if (item.kind !== "module" && ONLY_MOVED.includes(data.node.get(target).op)) continue;
    const stop = { step: routes.steps.indexOf(step) + 1, item };
    if (found.at(-1)?.item === item && item.kind === "module") found.pop();
    found.push(stop);
  }
  return found.map((stop) => stop.step);
}

// The number of a step among all, where only those on the way to a weight are stepped through.
export function globalStep(step, routes) {
  return routes && step > 0 ? routes.steps[step - 1] : step;
}

// Whether an item shows something that lies on these routes.
export function onRoutes(item, routes) {
  if (item.kind === "frame") return item.children.some((c) => onRoutes(c, routes));
  if (item.inner) return routes.nodes.has(item.of.id);
  if (item.kind === "module") return item.nodes.some((n) => routes.nodes.has(n.id));
  return routes.nodes.has(item.node.id);
}
