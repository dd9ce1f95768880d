// The window on the picture: zoom, and following the steps.

import { element } from "../elements.js";
import { MARGIN, sizeOf } from "./picture.js";

export function resize({ view, zoom }) {
  const picture = element("picture");
  const { width, height } = sizeOf(view);
  picture.setAttribute("width", width * zoom);
  picture.setAttribute("height", height * zoom);
}

// Zooms; what is at a point of the window, its middle if none is given, stays there.
export function zoomTo(app, zoom, point) {
  const pane = element("graph");
  const window = pane.getBoundingClientRect();
  const at = point ?? { x: window.left + pane.clientWidth / 2, y: window.top + pane.clientHeight / 2 };
  const before = element("picture").getBoundingClientRect();
  const [x, y] = [(at.x - before.left) / app.zoom, (at.y - before.top) / app.zoom];
  app.zoom = Math.max(0.08, Math.min(2.5, zoom));
  resize(app);
  const after = element("picture").getBoundingClientRect();
  pane.scrollBy(after.left + x * app.zoom - at.x, after.top + y * app.zoom - at.y);
}

// The zoom at which the whole width is seen, at most the natural one.
export function zoomToFit(app) {
  return Math.min(1, element("graph").clientWidth / (app.view.width + 24));
}

// Brings the selected item into view, or the active step; before the first one the weight to which the routes lead.
export function follow(app, shown) {
  const { items, itemOf } = app.view;
  const pane = element("graph");
  const { clientWidth: w, clientHeight: h } = pane;
  const end = app.state.to ? itemOf.get(app.state.to) : null;
  const item = items.find((i) => i.id === app.state.at) ?? shown.activeItem ?? end;
  if (!item) {
    const start = items.find((i) => i.kind !== "frame");
    if (start) pane.scrollTo((start.X + start.w / 2) * app.zoom - w / 2, 0);
    return;
  }
  const x = (item.X + Math.min(item.w, 400) / 2 + MARGIN.side) * app.zoom;
  const y = (item.Y + Math.min(item.h, 200) / 2 + MARGIN.top) * app.zoom;
  const seen = (at, from, size) => at >= from + 90 && at <= from + size - 90;
  if (seen(x, pane.scrollLeft, w) && seen(y, pane.scrollTop, h)) return;
  const near = Math.abs(y - h / 2 - pane.scrollTop) < 2 * h && Math.abs(x - w / 2 - pane.scrollLeft) < 2 * w;
  const smooth = near && !app.playing && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  pane.scrollTo({ left: x - w / 2, top: y - h / 2, behavior: smooth ? "smooth" : "auto" });
}
