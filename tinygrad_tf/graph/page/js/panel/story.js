// The active step in words, with its numbers.

import { gradientAt } from "../data/gradients.js";
import { fullName, gradientName, shortName } from "../names.js";
import { number, three } from "../numbers.js";
import { say } from "../words.js";
import { formulaText } from "./formulas.js";

// As sentences. `shown` is what the picture shows: the step among all, and the operation that is active.
export function tell(data, state, shown, routes) {
  if (!shown.active) return [beginning(data, state, shown, routes)];
  const item = shown.activeItem;
  if (shown.stops && item?.kind === "module") return passes(data, item, shown.step, routes);
  const [id, edges] = shown.active;
  const sent = edges.map((e) => data.edge.get(e)).filter((e) => !routes || routes.edges.has(e.id));
  const parts = [gets(data, data.node.get(id)), sends(data, sent), completes(data, sent, shown.step)];
  if (routes && state.step === routes.steps.length) {
    const end = data.node.get(state.to);
    parts.push(say("end", gradientName(end, end.title), three(end.norm)));
  }
  return parts.filter(Boolean);
}

function beginning(data, state, shown, routes) {
  if (shown.stops) return say("beforeMain", fullName(data.node.get(state.to)), shown.stops.length);
  if (!routes) return say("before", three(data.value));
  const end = data.node.get(state.to);
  return say("beforeTo", fullName(end), end.routes, routes.steps.length);
}

// A closed module as one step: what comes to it, and what it sends on along the routes.
function passes(data, item, step, routes) {
  const inside = new Set(item.nodes.map((n) => n.id));
  const crossing = [...routes.edges].map((id) => data.edge.get(id)).filter((e) => e.step <= step);
  const come = crossing.filter((e) => inside.has(e.source) && !inside.has(e.target));
  const gone = crossing.filter((e) => inside.has(e.target) && !inside.has(e.source));
  const norm = (edges) => three(Math.hypot(...norms(data, edges, step)));
  return [say("passes", item.lines[0], item.nodes.filter((n) => n.op).length, norm(come), norm(gone))];
}

// The norms of what edges bring: that of the sum where they bring all that a node has, as its box says; else of each.
function norms(data, edges, step) {
  return [...new Set(edges.map((e) => e.source))].flatMap((id) => {
    const parts = edges.filter((e) => e.source === id);
    const { arrived, norm } = gradientAt(data, data.node.get(id), step);
    return arrived === parts.length && norm !== undefined ? [number(norm)] : parts.map((e) => number(e.sent));
  });
}

function gets(data, node) {
  if (node.id === data.loss) return say("starts", gradientName(node));
  if (!node.join) return say("one", fullName(node), three(node.norm));
  const { skip, branch, angle } = node.join;
  const whole = say("sum", fullName(node), joined(contributions(data, node)), three(node.norm));
  if (angle === undefined) return whole;
  const parts = [skip, branch].map(three);
  return whole + say("gap") + say("noSum", ...parts, Math.round(number(angle)), three(node.norm));
}

// What is summed at a join: the skip and the branch where there are both, else each part.
function contributions(data, node) {
  const { skip, branch, edges } = node.join;
  if (skip !== undefined) return [say("part", three(skip), say("skip")), say("part", three(branch), say("branch"))];
  const parts = edges.map((id) => data.edge.get(id));
  return parts.map((e) => say("part", three(e.sent), shortName(data.node.get(e.target))));
}

function sends(data, sent) {
  const to = (e) => fullName(data.node.get(e.source));
  const what = sent.map((e) => say("sending", formulaText(data, e.rule), to(e), three(e.sent)));
  return what.length ? say("sends", joined(what)) : "";
}

// The parameters whose gradients are whole with this step.
function completes(data, sent, step) {
  const reached = [...new Set(sent.map((e) => data.node.get(e.source)))].filter((n) => n.kind === "parameter");
  const done = reached.filter((n) => gradientAt(data, n, step).arrived === n.arrivals.length);
  return done.length ? say("leaf", done.map((n) => gradientName(n, n.title))) : "";
}

function joined(list) {
  if (list.length < 2) return list.join("");
  return list.slice(0, -1).join(say("and")) + say("and2") + list.at(-1);
}
