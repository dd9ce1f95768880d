// The picture: SVG elements for the visible items and wires, made once for a view and then only restyled.

import { listed, opens } from "../data/items.js";
import { element, svg } from "../elements.js";
import { pathText } from "./paths.js";

export const MARGIN = { side: 10, top: 6, bottom: 10 };

export function drawAll(view) {
  const picture = element("picture");
  const [frames, edges, boxes] = [svg("g"), svg("g"), svg("g")];
  picture.replaceChildren(frames, edges, boxes);
  view.items = listed(view.root).filter((i) => !i.column);
  for (const item of view.items) {
    item.element = item.kind === "frame" ? drawFrame(item) : drawBox(item);
    item.element.dataset.id = item.id;
    item.classes = item.element.getAttribute("class");
    item.shownClasses = item.shownText = item.label = undefined;
    (item.kind === "frame" ? frames : boxes).append(item.element);
  }
  for (const wire of view.edges) edges.append(drawWire(wire));
  const { width, height } = sizeOf(view);
  picture.setAttribute("viewBox", `${-MARGIN.side} ${-MARGIN.top} ${Math.ceil(width)} ${Math.ceil(height)}`);
}

// The size of the picture, with a margin around what is laid out.
export function sizeOf(view) {
  return { width: view.width + 2 * MARGIN.side, height: view.height + MARGIN.top + MARGIN.bottom };
}

function drawWire(wire) {
  wire.look = wire.moving = undefined;
  wire.element = svg("path", { class: "edge", d: pathText(wire.points) });
  wire.head = svg("path", { class: "head" });
  wire.group = svg("g", { "data-edge": wire.id }, wire.element, wire.head);
  return wire.group;
}

function drawFrame(item) {
  let depth = 0;
  for (let p = item.parent; p; p = p.parent) depth += p.column ? 0 : 1;
  const { X, Y, w, h } = item;
  const g = svg("g", { class: `item frame${depth % 2 ? "" : " deep"}`, tabindex: -1, role: "button" });
  g.append(svg("rect", { class: "shape", x: X, y: Y, width: w, height: h, rx: 9 }));
  g.append(svg("rect", { class: "bar", x: X, y: Y, width: item.titleWidth, height: 27 }));
  g.append(svg("text", { x: X + 28, y: Y + 19 }, item.title), sign(X + 10, Y + 9, false));
  return g;
}

// The sign that opens (plus) or closes.
function sign(x, y, plus) {
  const bars = `M${x + 3.5},${y + 6}h5${plus ? `M${x + 6},${y + 3.5}v5` : ""}`;
  return svg("path", { class: "sign", d: `M${x + 1},${y + 1}h10v10h-10z${bars}` });
}

function drawBox(item) {
  const { X, Y, w, h } = item;
  const g = svg("g", { class: `item ${item.kind}`, tabindex: -1, role: "button" });
  const folded = item.kind === "module" && item.module.count > 1;
  for (const k of folded ? [2, 1] : []) {
    g.append(svg("rect", { class: "behind", x: X + 4 * k, y: Y + 4 * k, width: w, height: h, rx: 8 }));
  }
  g.append(shapeOf(item.kind, X, Y, w, h));
  const lines = item.lines.map((text, i) => drawLine(item, i, ["first", "second", "other"][i], text));
  item.second = folded ? lines[1] : null;
  g.append(...lines);
  if (item.hasThird) {
    item.third = drawLine(item, item.lines.length, "third", "");
    g.append(item.third);
  }
  if (opens(item)) g.append(opener(item));
  return g;
}

function drawLine({ X, Y, w }, i, name, text) {
  return svg("text", { class: name, x: X + w / 2, y: Y + 15 + 14 * i, "text-anchor": "middle" }, text);
}

// The outline of a box: square for a parameter, round for what is given and for the loss. The legend has it, too.
export function shapeOf(kind, x, y, width, height) {
  const round = height / 2;
  const rx = { parameter: 0, frozen: 0, input: round, constant: round, loss: round }[kind] ?? Math.min(8, height / 4);
  return svg("rect", { class: "shape", x, y, width, height, rx });
}

// In a round box the sign stands in the middle of its end.
function opener({ kind, X, Y, h }) {
  const loss = kind === "loss";
  const bar = svg("rect", { class: "bar", x: X, y: Y, width: 26, height: loss ? h : 21 });
  return svg("g", { class: "opener" }, bar, loss ? sign(X + 12, Y + h / 2 - 6, true) : sign(X + 4, Y + 4, true));
}
