// The data of the page: unpacked once, and indexed by what the rest asks for.

import { apart } from "../names.js";
import { number } from "../numbers.js";

// The text that the page holds: JSON, packed, in base64.
export async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// Adds to the data: node, edge and module by id, edges in and out of each node, and when each edge is served.
export function indexed(data) {
  for (const thing of [...data.nodes, ...data.modules]) {
    for (const word of ["name", "title", "label", "path", "whole"]) if (thing[word]) thing[word] = apart(thing[word]);
  }
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
