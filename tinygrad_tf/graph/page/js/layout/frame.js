// The layout of one frame, whose children have their sizes already.

import { layoutColumns } from "./columns.js";
import { setAcross, setDown, setLanes } from "./places.js";
import { setPorts } from "./ports.js";
import { chooseSpine, dock, rank } from "./rows.js";
import { dockHeight, GAP } from "./spacing.js";
import { setWays } from "./wires.js";

export function layoutFrame(f) {
  f.bare = !f.parent || Boolean(f.column); // without a border
  if (f.columns) {
    layoutColumns(f);
    return;
  }
  const s = { f, nets: [...f.nets.values()], rows: [], items: [] };
  dock(s);
  rank(s);
  chooseSpine(s);
  setAcross(s);
  setLanes(s);
  setDown(s);
  setPorts(s);
  setSize(s);
  setChildren(s);
  setWays(s);
}

function setSize(s) {
  const f = s.f;
  const border = f.parent ? GAP.pad : GAP.edge;
  const pad = f.column ? 0 : border;
  const ports = [...f.inX.values(), ...f.outX.values()];
  const left = Math.max(0, ...s.left, ...ports.map((x) => -x));
  const right = Math.max(0, ...s.right, ...ports);
  const title = f.titleWidth ?? 0;
  const firstIn = Math.min(0, ...f.inX.values());
  f.anchor = Math.max(left + pad, f.inX.size ? title - 14 - firstIn : 0); // no wire through the title
  f.w = Math.max(f.anchor + right + pad, title);
  f.h = s.end;
}

function setChildren(s) {
  for (const i of s.items) {
    i.alone = s.rows[i.row].every((o) => o.ax >= i.ax); // nothing stands at its left
    i.x = s.f.anchor + i.ax - (i.kind === "frame" ? i.anchor : i.w / 2);
    i.y = i.cy;
    let y = i.cy + (i.h - dockHeight(i)) / 2;
    for (const d of i.docks) {
      d.x0 = i.ax - i.w / 2 - GAP.dock - d.w;
      d.x = s.f.anchor + d.x0;
      d.cy = d.y = y;
      y += d.h + GAP.stack;
    }
  }
}
