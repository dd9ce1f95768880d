// What the panel says of a module, of a primitive inside a fused node, and of a node, each as a list of elements.

import { gradientAt } from "../data/gradients.js";
import { button, heading, make, row } from "../elements.js";
import { fullName, innerTitle, shortName } from "../names.js";
import { shapeText, three } from "../numbers.js";
import { say } from "../words.js";
import { formula } from "./formulas.js";
import { heatMap } from "./heatmap.js";
import { codeOf } from "./code.js";
import { equationBox } from "./worked.js";

export function moduleDetails(app, item) {
  const actions = make("div", "actions");
  actions.append(button(say(item.kind === "frame" ? "close" : "open"), () => app.toggle(item.id)));
  const name = nameBox(item.module.whole, item.module.path || item.title);
  return [name, make("div", "quiet", say("kind").module), actions];
}

// A name as the heading; one that is cut elsewhere stands here as long as it is, and is scrolled through.
function nameBox(whole, name) {
  const box = make("h2", whole ? "name whole" : "name", whole ?? name);
  if (whole) box.tabIndex = 0;
  return box;
}

export function innerDetails(data, item) {
  const table = make("table");
  row(table, say("shape"), shapeText(item.inner.shape));
  row(table, say("norm"), three(item.inner.value));
  row(table, `${say("norm")} · ${say("gradient")}`, three(item.inner.norm));
  const found = [make("h2", "name", innerTitle(item.inner)), make("p", "quiet", say("inside")), table];
  if (item.inner.forward !== undefined) found.push(heading(say("forward")), formula(data, item.inner.forward));
  const own = Number(item.id.split("/")[1]);
  const { edges } = data.definitions[item.of.inside[0]];
  const boxes = edges.flatMap((e, k) => {
    if (e.target !== own || e.rule === undefined) return [];
    const box = formula(data, e.rule, true);
    const worked = item.inner.worked.find((q) => q.edge === `e${k}`);
    if (worked) box.append(equationBox(worked));
    return [box];
  });
  const lines = item.inner.worked.filter((q) => q.edge === undefined);
  if (boxes.length) found.push(heading(say("backward")), ...boxes, ...helperList(lines));
  return found;
}

export function nodeDetails(app, shown, node) {
  const { data } = app;
  const { arrived, of } = gradientAt(data, node, shown.step);
  const gradient = arrived > 0 && arrived === of ? node.gradient : null;
  const found = [make("div", "quiet", headline(app, shown, node)), nameBox(node.whole, fullName(node))];
  found.push(actionsOf(app, shown, node));
  if (node.forward !== undefined) found.push(heading(say("forward")), formula(data, node.forward));
  found.push(...sentDetails(app, shown, node));
  if (node.join) found.push(...joinDetails(data, node, shown.step));
  if (node.norm === undefined) found.push(make("p", "quiet", say("noGradient")));
  found.push(...codeOf(data, node.id));
  const maps = make("div", "maps");
  if (node.value?.thumbnail) maps.append(heatMap(node.value, say("value"), node.shape));
  if (gradient?.thumbnail) maps.append(heatMap(gradient, say("gradient"), node.shape));
  return [...found, ...numbers(node, gradient), maps];
}

function headline({ state }, shown, node) {
  if (!state.at && !shown.active) return say("start");
  return `${say(state.at ? "selected" : "active")} · ${say("kind")[node.kind]}`;
}

function actionsOf(app, shown, node) {
  const actions = make("div", "actions");
  const item = app.view.itemOf.get(node.id);
  const add = (word, action) => actions.append(button(say(word), action));
  const learned = node.norm !== undefined && node.kind !== "loss";
  if (learned && app.state.to !== node.id) add("follow", () => app.set({ to: node.id, step: 0, at: null }));
  if (shown.activeItem === item && item.kind === "module") {
    actions.append(button(say("skipModule", item.lines[0]), () => app.skip(1)));
  }
  if (node.inside && item.node === node) add(item.fused ? "closeFused" : "openFused", () => app.toggle(node.id));
  return actions;
}

// The gradients that it sends, with the rules; of an operation on the routes, those along them.
function sentDetails({ data, state, routes }, shown, node) {
  const all = !routes || !routes.nodes.has(node.id) || node.id === state.to;
  const sent = node.into.filter((e) => e.step && (all || routes.edges.has(e.id)));
  const boxes = sent.map((e) => {
    const box = formula(data, e.rule, true);
    const norm = e.step <= shown.step ? three(e.sent) : "–";
    const to = `→ ${fullName(data.node.get(e.source))} · ${say("norm")} ${norm}${pieceText(data, e)}`;
    box.append(make("div", "sub", to));
    const worked = e.step <= shown.step && node.worked?.find((q) => q.edge === e.id);
    if (worked) box.append(equationBox(worked));
    return box;
  });
  return boxes.length ? [heading(say("backward")), ...boxes, ...helpersOf(shown, node)] : [];
}

// Where several gradients arrive, each is a part of the whole: dW of a weight that every step of an RNN uses.
function pieceText(data, e) {
  const { arrivals } = data.node.get(e.source);
  return arrivals.length > 1 ? ` · ${say("piece", arrivals.indexOf(e) + 1, arrivals.length)}` : "";
}

// The helper lines of its rule in figures: the softmax of an attention, the mean and spread of a layer norm.
function helpersOf(shown, node) {
  const lines = (node.worked ?? []).filter((q) => q.edge === undefined);
  return node.arrivals.some((e) => e.step > shown.step) ? [] : helperList(lines);
}

function helperList(lines) {
  if (!lines.length) return [];
  const list = make("details", "helpers");
  list.open = lines.length < 2;
  list.append(make("summary", "", say("helpers")), ...lines.map(equationBox));
  return [list];
}

// The numbers about its value and about its gradient, once that is whole.
function numbers(node, gradient) {
  const value = node.value;
  const table = make("table");
  row(table, say("shape"), `${shapeText(node.shape)} ${node.dtype}`);
  for (const [loss, part] of node.shares ?? []) row(table, say("share", loss), three(part));
  if (node.path) row(table, say("module"), make("span", "name", node.path));
  if (node.line) row(table, say("line"), make("span", "name", node.line));
  if (value && node.shape.length === 0) row(table, say("value"), three(value.max));
  const found = [heading(`${say("value")} · ${say("gradient")}`), table];
  return value ? [...found, figures(value, gradient)] : found;
}

function figures(value, gradient) {
  const table = make("table", "figures");
  const tr = make("tr");
  tr.append(...["", say("value"), say("gradient")].map((text) => make("th", "", text)));
  table.append(tr);
  const add = (word, of) => row(table, say(word), of(value), gradient ? of(gradient) : "–");
  add("norm", (s) => three(s.norm));
  if (value.min !== undefined) {
    add("range", (s) => `${three(s.min)} … ${three(s.max)}`);
    add("mean", (s) => three(s.mean));
    add("zeros", (s) => `${three(100 * (s.zeros ?? 0))}%`);
  }
  for (const word of ["nans", "infs"]) if (value[word] || gradient?.[word]) add(word, (s) => s[word] ?? 0);
  return table;
}

// The sum at a join, part by part, as far as the steps have come.
function joinDetails(data, node, step) {
  const j = node.join;
  const table = make("table", "figures");
  row(table, say("from"), say("adds"), say("sofar"));
  j.edges.forEach((id, i) => {
    const e = data.edge.get(id);
    const skip = j.skips?.includes(id) ? ` (${say("skip")})` : "";
    const shown = e.step <= step ? [three(e.sent), three(j.partial[i])] : ["–", "–"];
    row(table, make("span", "name", shortName(data.node.get(e.target)) + skip), ...shown);
  });
  const whole = data.edge.get(j.edges.at(-1)).step <= step;
  if (j.angle === undefined || !whole) return [heading(say("join")), table];
  const through = say("throughText", three(j.skip), three(j.branch), three(node.norm), three(j.angle));
  return [heading(say("join")), table, make("p", "quiet", through)];
}
