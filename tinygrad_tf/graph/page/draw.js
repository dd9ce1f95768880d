// The picture: SVG elements for the visible items and edges, made once for a view and then only restyled.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map();
  return (text, size, weight = 400) => {
    const key = `${size} ${weight} ${text}`;
    if (!known.has(key)) {
      context.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
      known.set(key, context.measureText(text).width * 1.03);
    }
    return known.get(key);
  };
})();

// Cut in the middle, where names of weights differ least.
function fitted(text, size, room, weight) {
  if (measure(text, size, weight) <= room) return text;
  for (let n = text.length - 1; n > 2; n--) {
    const cut = text.slice(0, Math.ceil(n / 2)) + "…" + text.slice(text.length - Math.floor(n / 2));
    if (measure(cut, size, weight) <= room) return cut;
  }
  return "…";
}

const MOST = 176;

// Titles, lines and sizes of all items; the third line is left room for the widest that it may hold.
function sizeItems(data, root) {
  for (const item of listed(root)) {
    if (item.column) continue;
    if (item.kind === "frame") {
      item.title = item.module ? moduleTitle(item.module) : nodeTitle(item.node);
      item.titleWidth = Math.min(measure(item.title, 12, 600), 240) + 52;
      item.title = fitted(item.title, 12, 240, 600);
      continue;
    }
    item.lines = linesOf(item);
    const small = item.kind === "parameter" || item.kind === "constant";
    item.letter = item.inner || item.kind === "module" ? say("letter") : gradientLetter(item.node);
    const room = Math.max(...normsOf(item).map((x) => measure(`‖${item.letter}‖ ${x}`, 11, 600)));
    const natural = Math.max(...item.lines.map((l, i) => measure(l, i ? 11 : 12)), item.kind === "constant" ? 0 : room);
    item.w = Math.round(Math.max(small ? 56 : 100, (item.kind === "loss" ? 24 : 0) + Math.min(natural + (opens(item) ? 42 : 20), item.kind === "module" ? 1.4 * MOST : MOST)));
    item.lines = item.lines.map((l, i) => fitted(l, i ? 11 : 12, item.w - (opens(item) ? 34 : 12) - (item.kind === "loss" ? 24 : 0)));
    item.h = 8 + 14 * (item.lines.length + (item.kind === "constant" || item.kind === "input" ? 0 : 1));
  }
}

// All that its third line may say in the course of the steps.
function normsOf(item) {
  if (item.inner) return [three(item.inner.norm)];
  const nodes = item.kind === "module" ? item.nodes.filter((n) => n.norm !== undefined).slice(-1) : [item.node];
  return ["–", ...nodes.flatMap((n) => [three(n.norm), ...(n.join?.partial ?? []).map((x) => `${three(x)} …`)])];
}

function linesOf(item) {
  if (item.kind === "module") {
    const ops = item.nodes.filter((n) => n.op).length;
    const weights = item.nodes.filter((n) => n.kind === "parameter").length;
    return [moduleTitle(item.module), say("contents", ops, weights)];
  }
  if (item.inner) return [innerTitle(item.inner), ...(item.inner.shape.length ? [shapeText(item.inner.shape)] : [])];
  const n = item.node;
  if (n.kind === "loss") return [nodeTitle(n), `${n.title} = ${three(data_value(n))}`];
  if (n.number !== undefined) return [nodeTitle(n)];
  if (n.kind === "parameter" && nodeTitle(n).length < 9) return [`${nodeTitle(n)} ${shapeText(n.shape)}`];
  return [nodeTitle(n), shapeText(n.shape)];
}

function data_value(node) {
  return node.value?.mean ?? app.data.value;
}

function moduleTitle(m) {
  return m.count > 1 ? `${m.title}  × ${m.count}` : m.title;
}

// ---- elements -------------------------------------------------------------------------------------------------------

function drawAll(data, view) {
  const picture = document.getElementById("picture");
  picture.replaceChildren();
  const frames = svg("g");
  const edges = svg("g");
  const boxes = svg("g");
  picture.append(frames, edges, boxes);
  view.items = listed(view.root).filter((i) => !i.column);
  for (const item of view.items) {
    item.element = item.kind === "frame" ? drawFrame(item) : drawBox(item);
    item.element.dataset.id = item.id;
    (item.kind === "frame" ? frames : boxes).append(item.element);
  }
  for (const e of view.edges) {
    const d = pathText(e.points);
    e.element = svg("path", { class: "edge", d });
    e.head = svg("path", { class: "head" });
    e.group = svg("g", { "data-edge": e.id }, e.element, e.head);
    edges.append(e.group);
  }
  picture.setAttribute("viewBox", `-10 -6 ${Math.ceil(view.width + 20)} ${Math.ceil(view.height + 16)}`);
}

// Whether it can be opened: a closed module, or a fused operation whose definition is here.
function opens(item) {
  return item.kind === "module" || Boolean(item.node?.inside);
}

function drawFrame(item) {
  let depth = 0;
  for (let p = item.parent; p; p = p.parent) depth += p.column ? 0 : 1;
  const g = svg("g", { class: `item frame${depth % 2 ? "" : " deep"}`, tabindex: -1, role: "button" });
  g.append(svg("rect", { class: "shape", x: item.X, y: item.Y, width: item.w, height: item.h, rx: 9 }));
  g.append(svg("rect", { class: "bar", x: item.X, y: item.Y, width: item.titleWidth, height: 27 }));
  const label = svg("text", { x: item.X + 28, y: item.Y + 19 });
  label.textContent = item.title;
  g.append(label, sign(item.X + 10, item.Y + 9, false));
  return g;
}

function sign(x, y, plus) {
  return svg("path", { class: "sign", d: `M${x + 1},${y + 1}h10v10h-10zM${x + 3.5},${y + 6}h5${plus ? `M${x + 6},${y + 3.5}v5` : ""}` });
}

function drawBox(item) {
  const g = svg("g", { class: `item ${item.kind}`, tabindex: -1, role: "button" });
  const { X, Y, w, h } = item;
  const round = { operation: 8, module: 8, parameter: 0, loss: h / 2, input: h / 2, constant: h / 2 }[item.kind] ?? 8;
  if (item.kind === "module" && item.module.count > 1) {
    for (const k of [2, 1]) g.append(svg("rect", { class: "behind", x: X + 4 * k, y: Y + 4 * k, width: w, height: h, rx: 8 }));
  }
  g.append(svg("rect", { class: "shape", x: X, y: Y, width: w, height: h, rx: round }));
  item.lines.forEach((line, i) => {
    const t = svg("text", { class: ["first", "second"][i], x: X + w / 2, y: Y + 15 + 14 * i, "text-anchor": "middle" });
    t.textContent = line;
    g.append(t);
  });
  if (item.kind !== "constant" && item.kind !== "input") {
    item.third = svg("text", { class: "third", x: X + w / 2, y: Y + 15 + 14 * item.lines.length, "text-anchor": "middle" });
    g.append(item.third);
  }
  if (opens(item)) g.append(svg("g", { class: "opener" }, svg("rect", { class: "bar", x: X, y: Y, width: 26, height: item.kind === "loss" ? h : 21 }), sign(X + (item.kind === "loss" ? 12 : 4), Y + (item.kind === "loss" ? h / 2 - 6 : 4), true)));
  return g;
}

// Straight pieces with round corners, curves across the gaps.
function pathText(points) {
  const p = points.filter((q, i) => i === 0 || q.curve || Math.abs(q.x - points[i - 1].x) + Math.abs(q.y - points[i - 1].y) > 0.01);
  let d = `M${r(p[0].x)},${r(p[0].y)}`;
  for (let i = 1; i < p.length; i++) {
    const [a, b, c] = [p[i - 1], p[i], p[i + 1]];
    if (b.curve === "v" && Math.abs(a.x - b.x) > 0.5) {
      const m = (a.y + b.y) / 2;
      d += `C${r(a.x)},${r(m)} ${r(b.x)},${r(m)} ${r(b.x)},${r(b.y)}`;
    } else if (b.curve === "h") {
      const m = (a.x + b.x) / 2;
      d += `C${r(m)},${r(a.y)} ${r(m)},${r(b.y)} ${r(b.x)},${r(b.y)}`;
    } else if (b.round && c) {
      const size = Math.min(9, distance(a, b) / 2, distance(b, c) / 2);
      const [u, v] = [toward(b, a, size), toward(b, c, size)];
      d += `L${r(u.x)},${r(u.y)}Q${r(b.x)},${r(b.y)} ${r(v.x)},${r(v.y)}`;
    } else d += `L${r(b.x)},${r(b.y)}`;
  }
  return d;
}

function r(x) {
  return Math.round(x * 10) / 10;
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function toward(a, b, by) {
  const d = distance(a, b) || 1;
  return { x: a.x + ((b.x - a.x) * by) / d, y: a.y + ((b.y - a.y) * by) / d };
}

// A triangle at the end of an edge, pointing away from `from`.
function headText(tip, from, size) {
  const d = distance(tip, from) || 1;
  const [ux, uy] = [(tip.x - from.x) / d, (tip.y - from.y) / d];
  const [bx, by] = [tip.x - ux * size * 1.5, tip.y - uy * size * 1.5];
  return `M${r(tip.x)},${r(tip.y)}L${r(bx - uy * size * 0.75)},${r(by + ux * size * 0.75)}L${r(bx + uy * size * 0.75)},${r(by - ux * size * 0.75)}z`;
}
