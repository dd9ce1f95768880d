// The flow of gradients in the picture: what boxes and wires show after a number of steps.

import { itemGradient, widthOf, wireGradient } from "../data/gradients.js";
import { layerOf } from "../data/items.js";
import { globalStep, onRoutes } from "../data/routes.js";
import { svg } from "../elements.js";
import { three } from "../numbers.js";
import { say } from "../words.js";
import { headText, pathText } from "./paths.js";
import { thirdLine } from "./sizes.js";

// Restyles what looks different now; returns the step among all, and the operation and item that are active in it.
export function showStep({ data, view, state, routes }) {
  const step = globalStep(state.step, routes);
  const active = step > 0 ? data.steps[step - 1] : null;
  const activeItem = active ? view.itemOf.get(active[0]) : null;
  if (view.routes !== routes) fade(view, routes);
  for (const item of view.items) showItem(item, classesOf(item, state, activeItem), textOf(data, item, step));
  for (const wire of view.edges) showWire(data, wire, wireGradient(data, wire, step, routes));
  moveAlong(view, view.edges.filter((wire) => wire.now));
  sayAtWork(view, activeItem, active ? data.node.get(active[0]) : null);
  return { step, active, activeItem };
}

function fade(view, routes) {
  view.routes = routes;
  for (const item of view.items) item.onRoutes = !routes || onRoutes(item, routes);
}

function classesOf(item, state, activeItem) {
  const names = [item.classes];
  if (item === activeItem) names.push("active");
  if (state.to === item.id || state.at === item.id) names.push("chosen");
  if (!item.onRoutes) names.push("faded");
  return names;
}

function textOf(data, item, step) {
  if (!item.third) return "";
  const { arrived, of, norm } = itemGradient(data, item, step);
  return arrived === 0 ? "–" : thirdLine(item, three(norm)) + (arrived < of ? " …" : "");
}

// Writing to the page costs most, so what is there already is not written again.
function showItem(item, names, text) {
  const has = item.third && text !== "–";
  const classes = (has ? [...names, "has"] : names).join(" ");
  if (item.shownClasses !== classes) item.element.setAttribute("class", (item.shownClasses = classes));
  if (item.third && item.shownText !== text) item.third.textContent = item.shownText = text;
}

function showWire(data, wire, { on, back, now, norm }) {
  wire.now = now;
  const look = `${on} ${back} ${norm}`;
  if (wire.look === look) return;
  wire.look = look;
  const classes = (base) => `${base}${back ? " back" : ""}`;
  const width = widthOf(data, norm);
  wire.group.setAttribute("class", on ? "" : "faded");
  wire.element.setAttribute("class", classes("edge") + (back && !Number.isFinite(norm) ? " broken" : ""));
  wire.element.style.strokeWidth = back ? width : "";
  wire.head.setAttribute("class", classes("head"));
  wire.head.setAttribute("d", headText(wire.points, back, back ? 5 + width * 0.9 : 5));
}

// Dashes run along the wires that carry a gradient in this step.
function moveAlong(view, wires) {
  for (const wire of view.moving ?? []) {
    wire.moving.remove();
    wire.moving = null;
  }
  view.moving = wires;
  for (const wire of wires) {
    wire.moving = svg("path", { class: "moving", d: pathText(wire.points) });
    wire.group.append(wire.moving);
  }
}

// A closed module says which of the layers folded into it is at work.
function sayAtWork(view, item, node) {
  if (view.atWork && view.atWork !== item) view.atWork.second.textContent = view.atWork.lines[1];
  view.atWork = item?.second ? item : null;
  const layer = view.atWork && layerOf(item.module, node);
  if (layer) item.second.textContent = say("atWork", layer);
}
