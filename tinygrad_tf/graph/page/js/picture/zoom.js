// The window on the picture: zoom, and following the steps.

import { element } from "../elements.js";
import { MARGIN, sizeOf } from "./picture.js";

export function resize({ view, zoom }) {
  const picture = element("picture");
  const { width, height } = sizeOf(view);
  picture.setAttribute("width", width * zoom);
  picture.setAttribute("height", height * zoom);
}

// Zooms, and keeps the middle where it is.
export function zoomTo(app, zoom) {
  const pane = element("graph");
  const { clientWidth: w, clientHeight: h } = pane;
  const [x, y] = [(pane.scrollLeft + w / 2) / app.zoom, (pane.scrollTop + h / 2) / app.zoom];
  app.zoom = Math.max(0.08, Math.min(2.5, zoom));
  resize(app);
  pane.scrollTo(x * app.zoom - w / 2, y * app.zoom - h / 2);
}

// The zoom at which the whole width is seen, at most the natural one.
export function zoomToFit(app) {
  return Math.min(1, element("graph").clientWidth / (app.view.width + 24));
}

// Brings the selected item, or the active step, into view.
export function follow(app, shown) {
  const { items } = app.view;
  const pane = element("graph");
  const { clientWidth: w, clientHeight: h } = pane;
  const item = items.find((i) => i.id === app.state.at) ?? shown.activeItem;
  if (!item) {
    const start = items.find((i) => i.kind !== "frame");
    if (start) pane.scrollTo((start.X + start.w / 2) * app.zoom - w / 2, 0);
    return;
  }
  const x = (item.X + Math.min(item.w, 400) / 2 + MARGIN.side) * app.zoom;
  const y = (item.Y + Math.min(item.h, 200) / 2 + MARGIN.top) * app.zoom;
  const seen = (at, from, size) => at >= from + 90 && at <= from + size - 90;
  if (seen(x, pane.scrollLeft, w) && seen(y, pane.scrollTop, h)) return;
  const smooth = !app.playing && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  pane.scrollTo({ left: x - w / 2, top: y - h / 2, behavior: smooth ? "smooth" : "auto" });
}
