// The flow of gradients in the picture: what boxes and wires show after a number of steps.

import { itemGradient, widthOf, wireGradient } from "../data/gradients.js";
import { globalStep, onRoutes } from "../data/routes.js";
import { svg } from "../elements.js";
import { three } from "../numbers.js";
import { headText, pathText } from "./paths.js";
import { thirdLine } from "./sizes.js";

// Restyles the picture; returns the step among all, and the operation and item that are active in it.
export function showStep({ data, view, state, routes }) {
  const step = globalStep(state.step, routes);
  const active = step > 0 ? data.steps[step - 1] : null;
  const activeItem = active ? view.itemOf.get(active[0]) : null;
  for (const item of view.items) {
    const classes = item.element.classList;
    classes.toggle("active", item === activeItem);
    classes.toggle("chosen", state.to === item.id || state.at === item.id);
    classes.toggle("faded", Boolean(routes) && !onRoutes(item, routes));
    if (item.third) showNorm(item, itemGradient(data, item, step));
  }
  for (const wire of view.edges) showWire(wire, wireGradient(data, wire, step, routes), data);
  return { step, active, activeItem };
}

function showNorm(item, { arrived, of, norm }) {
  item.element.classList.toggle("has", arrived > 0);
  item.third.textContent = arrived === 0 ? "–" : thirdLine(item, three(norm)) + (arrived < of ? " …" : "");
}

function showWire(wire, { on, back, now, norm }, data) {
  const classes = (base) => `${base}${back ? " back" : ""}`;
  const width = widthOf(data, norm);
  wire.group.setAttribute("class", on ? "" : "faded");
  wire.element.setAttribute("class", classes("edge") + (back && !Number.isFinite(norm) ? " broken" : ""));
  wire.element.style.strokeWidth = back ? width : "";
  wire.head.setAttribute("class", classes("head"));
  wire.head.setAttribute("d", headText(wire.points, back, back ? 5 + width * 0.9 : 5));
  wire.moving?.remove();
  wire.moving = now ? svg("path", { class: "moving", d: pathText(wire.points) }) : null;
  if (now) wire.group.append(wire.moving);
}
