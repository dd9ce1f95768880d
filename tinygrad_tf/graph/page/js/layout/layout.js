// Layout for networks of modules. Each open module is laid out on its own, the inner ones first, and is then a box in
// the one around it. A wire that passes rows runs in a lane beside them; it crosses the border of a module at a port.

import { acrossColumns, markSides, part } from "./columns.js";
import { layoutFrame } from "./frame.js";
import { enterWire, OUT } from "./nets.js";

// Gives each item of a view its place and each wire its points; returns the size of the whole.
export function layout(view) {
  while (!layoutOnce(view));
  if (view.columns) layoutOnce(view); // once more, now that it is known who stands alone in a row
  place(view.root, 0, 0);
  for (const wire of view.edges) wire.points = pointsOf(wire);
  return { width: view.root.w, height: view.root.h };
}

// False if two modules were put side by side, which makes columns of a frame: then all is laid out again.
function layoutOnce(view) {
  const frames = framesIn(view.root);
  for (const f of frames) f.nets = new Map();
  for (const wire of view.edges) enterWire(wire);
  markSides(view.edges);
  for (const f of frames) {
    if (part(f)) {
      view.columns = true;
      return false;
    }
    layoutFrame(f);
  }
  return true;
}

// A frame and all in it, the inner ones first.
function framesIn(frame) {
  return [...frame.children.filter((c) => c.kind === "frame").flatMap(framesIn), frame];
}

function place(item, x, y) {
  item.X = x;
  item.Y = y;
  for (const c of item.children ?? []) place(c, x + c.x, y + c.y);
}

// The whole way of a wire: out of the frames around its source, across, into those around its target.
function pointsOf(wire) {
  const points = [];
  const add = (f, to) => {
    const found = f.nets.get(wire.source.id).way.get(to);
    for (const p of found) points.push({ ...p, x: p.x + f.X + f.anchor, y: p.y + f.Y });
  };
  for (const f of [...wire.up].reverse()) add(f, OUT);
  add(wire.top, wire.down[0] ?? wire.target);
  wire.down.forEach((f, i) => add(f, wire.down[i + 1] ?? wire.target));
  return acrossColumns(wire, points);
}
