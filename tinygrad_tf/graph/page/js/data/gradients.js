// How far the gradients have come after a number of steps, at a node, in a box, along a wire.

import { number } from "../numbers.js";

// The gradient of a node after `step` steps: none, part of its sum, or the whole.
export function gradientAt(data, node, step) {
  if (node.id === data.loss) return step >= 1 ? { arrived: 1, of: 1, norm: 1 } : { arrived: 0, of: 1 };
  const of = node.arrivals.length;
  let arrived = 0;
  while (arrived < of && node.arrivals[arrived].step <= step) arrived += 1;
  if (arrived === 0) return { arrived, of };
  if (arrived === of) return { arrived, of, norm: node.norm };
  return { arrived, of, norm: node.join ? node.join.partial[arrived - 1] : undefined };
}

// The same of an item. A closed module has what its last operation has.
export function itemGradient(data, item, step) {
  if (item.inner) {
    const { norm } = item.inner;
    const whole = data.stepOf.get(item.of.id) <= step && norm !== null && norm !== undefined;
    return whole ? { arrived: 1, of: 1, norm } : { arrived: 0, of: 1 };
  }
  const node = item.kind === "module" ? item.nodes.findLast((n) => n.norm !== undefined) : item.node;
  return node ? gradientAt(data, node, step) : { arrived: 0, of: 0 };
}

// What a wire shows: whether it lies on the routes (on), whether a gradient has come along (back) and does so in this
// very step (now), and the norm of all that came.
export function wireGradient(data, wire, step, routes) {
  const { edges, inner } = wire; // edges of the graph, or those of the primitives in a fused node
  const on =
    !routes ||
    edges.some((e) => routes.edges.has(e.id)) ||
    (inner.length > 0 && routes.nodes.has(inner[0].of.id));
  const sent = edges.filter((e) => e.step && e.step <= step && on);
  const sentInside = inner.filter((e) => e.sent !== null && data.stepOf.get(e.of.id) <= step && on);
  const norms = [...sent, ...sentInside].map((e) => number(e.sent));
  const now = edges.some((e) => e.step === step) || inner.some((e) => data.stepOf.get(e.of.id) === step);
  const back = norms.length > 0;
  return { on, back, now: now && back, norm: back ? Math.hypot(...norms) : NaN };
}

// Width by the logarithm of the norm, over three decades under the largest.
export function widthOf(data, norm) {
  if (!Number.isFinite(norm) || norm <= 0 || !data.largest) return 1.4;
  return 1.4 + 5 * Math.max(0, 1 + Math.log10(norm / data.largest) / 3);
}
