// The whole way to one weight: the nudges, what the skips carried, and the strongest route as a derivation.

import { strongestTo } from "../data/routes.js";
import { heading, make, row } from "../elements.js";
import { fullName, gradientName, shortName } from "../names.js";
import { nine, number, three } from "../numbers.js";
import { say } from "../words.js";
import { formula } from "./formulas.js";

let built = {}; // what stands there: thousands of formulas, which are made once for a weight and then only marked

export function wayDetails(app, shown) {
  const { data, state, routes } = app;
  if (built.routes !== routes || built.lang !== state.lang) {
    built = { routes, lang: state.lang, at: 0, step: -1, ...derivation(app) };
  }
  mark(built, data, shown.step);
  return built.elements;
}

// The list of what there is to a weight, and the links of its strongest route.
export function derivation(app) {
  const { data, state, routes } = app;
  const end = data.node.get(state.to);
  const title = say("chain", gradientName(data.node.get(data.loss)), gradientName(end));
  const intro = end.routes === "1" ? say("chainOne") : say("chainIntro", end.routes);
  const chain = make("ol", "chain");
  const links = strongestTo(data, end.id).map((id) => link(app, data.edge.get(id)));
  chain.append(...links.map(({ li }) => li));
  const told = [heading(title), make("p", "quiet", intro), chain];
  const elements = [...nudgeTable(data, end), ...skipTable(data, routes), ...told];
  return { links, elements };
}

// Says how far the steps have come, and brings the link of this step, or the last one passed, into view.
function mark(way, data, step) {
  if (way.step === step) return;
  way.step = step;
  let here = null;
  for (const { e, li, norm } of way.links) {
    const look = lookOf(e, step);
    if (li.className !== look) {
      li.className = look;
      norm.textContent = look === "later" ? "–" : three(e.sent);
    }
    if (look !== "later") here = li;
  }
  if (here) requestAnimationFrame(() => here.scrollIntoView({ block: "center" }));
}

function lookOf(e, step) {
  if (e.step === step) return "now";
  return e.step > step ? "later" : "done";
}

// One step of the derivation; a click or Enter goes there.
function link(app, e) {
  const { data, routes } = app;
  const li = make("li", "");
  const norm = make("span", "", "–");
  const f = formula(data, e.rule, true);
  const note = make("div", "sub", `${fullName(data.node.get(e.target))} · ${say("norm")} `);
  note.append(norm, share(data.node.get(e.source), e));
  f.append(note);
  li.append(f);
  li.tabIndex = 0;
  const go = () => app.set({ step: routes.steps.indexOf(e.step) + 1, at: null });
  li.addEventListener("click", go);
  li.addEventListener("keydown", ({ key }) => key === "Enter" && go());
  return { e, li, norm };
}

// How much of what adds up at a join comes along an edge.
function share(node, edge) {
  if (!node.join) return "";
  const all = node.arrivals.reduce((sum, e) => sum + number(e.sent), 0);
  const percent = Math.round((100 * number(edge.sent)) / all);
  return Number.isFinite(percent) ? ` · ${say("strongShare", `${percent}%`)}` : ""; // of nothing, or of NaN, is none
}

function skipTable(data, routes) {
  const joins = data.steps.map(([id]) => data.node.get(id)).filter((n) => n.join?.skip !== undefined);
  const passed = joins.filter((n) => routes.nodes.has(n.id));
  if (!passed.length) return [];
  const table = make("table", "figures");
  row(table, say("skipAt"), say("skip"), say("branch"), say("angle"));
  for (const n of passed) {
    const { skip, branch, angle } = n.join;
    const turned = angle === undefined ? "–" : `${Math.round(angle)}°`;
    row(table, make("span", "name", shortName(n)), three(skip), three(branch), turned);
  }
  const list = make("details");
  list.open = passed.length < 9;
  list.append(make("summary", "", say("skips")), table);
  return [list];
}

// The least slope that the two losses can show: they are rounded to 53 bits, each a few times on the way.
export function leastSlope({ plus, minus, epsilon }) {
  return (8 * Math.max(Math.abs(plus), Math.abs(minus), Number.MIN_VALUE) * 2 ** -53) / epsilon;
}

export function isUnresolved(q) {
  return Math.abs(number(q.gradient)) < leastSlope(q);
}

function nudgeTable(data, end) {
  const title = heading(say("nudge"));
  if (!end.nudges?.length) return [title, make("p", "quiet", say("noNudge"))];
  const table = make("table", "figures");
  row(table, say("entry"), say("slope"), say("dEntry", gradientName(end)));
  const names = [fullName(data.node.get(data.loss)), fullName(end)];
  for (const q of end.nudges) {
    const tried = make("div", "", `[${q.index.join(", ")}] = ${three(q.entry)}`);
    tried.append(make("div", "quiet", `${say("lossPlus", ...names)} = ${nine(q.plus)}`));
    tried.append(make("div", "quiet", `${say("lossMinus", ...names)} = ${nine(q.minus)}`));
    row(table, tried, three((q.plus - q.minus) / (2 * q.epsilon)), three(q.gradient));
  }
  const least = three(leastSlope(end.nudges[0]));
  const notes = end.nudges.some(isUnresolved) ? [make("p", "quiet", say("unresolved", least))] : [];
  return [title, make("p", "quiet", `${say("nudgeIntro")} ε = ${three(end.nudges[0].epsilon)}`), table, ...notes];
}
