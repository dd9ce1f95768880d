// The window on the picture: zoom, following the steps, and saving what is seen.

function resize() {
  const picture = element("picture");
  picture.setAttribute("width", (app.view.width + 20) * app.zoom);
  picture.setAttribute("height", (app.view.height + 16) * app.zoom);
}

function zoomTo(zoom) {
  const window_ = element("graph");
  const middle = [(window_.scrollLeft + window_.clientWidth / 2) / app.zoom, (window_.scrollTop + window_.clientHeight / 2) / app.zoom];
  app.zoom = Math.max(0.08, Math.min(2.5, zoom));
  resize();
  window_.scrollTo(middle[0] * app.zoom - window_.clientWidth / 2, middle[1] * app.zoom - window_.clientHeight / 2);
}

function fitWidth() {
  zoomTo(Math.min(1, element("graph").clientWidth / (app.view.width + 24)));
}

// Brings the selected item, or the active step, into view.
function follow(shown) {
  const item = app.view.items.find((i) => i.id === app.state.at) ?? shown.activeItem;
  const window_ = element("graph");
  if (!item) {
    const start = app.view.items.find((i) => i.kind !== "frame");
    if (start) window_.scrollTo((start.X + start.w / 2) * app.zoom - window_.clientWidth / 2, 0);
    return;
  }
  const [x, y] = [(item.X + Math.min(item.w, 400) / 2 + 10) * app.zoom, (item.Y + Math.min(item.h, 200) / 2 + 6) * app.zoom];
  const margin = 90;
  const off = (at, from, size) => at < from + margin || at > from + size - margin;
  if (!off(x, window_.scrollLeft, window_.clientWidth) && !off(y, window_.scrollTop, window_.clientHeight)) return;
  const smooth = !app.playing && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  window_.scrollTo({ left: x - window_.clientWidth / 2, top: y - window_.clientHeight / 2, behavior: smooth ? "smooth" : "auto" });
}

// ---- saving ---------------------------------------------------------------------------------------------------------

// The picture as it is now, with the styles that it needs written into it.
function savedSvg() {
  const copy = element("picture").cloneNode(true);
  copy.removeAttribute("id");
  copy.querySelectorAll(".moving").forEach((m) => m.remove());
  copy.querySelectorAll("[tabindex]").forEach((m) => m.removeAttribute("tabindex"));
  const live = element("picture").querySelectorAll("rect, path:not(.moving), text");
  const wanted = { rect: ["fill", "stroke", "stroke-width", "stroke-dasharray"], path: ["fill", "stroke", "stroke-width", "stroke-dasharray"], text: ["fill", "font-size", "font-weight", "font-family"] };
  copy.querySelectorAll("rect, path, text").forEach((e, i) => {
    const style = getComputedStyle(live[i]);
    for (const name of wanted[e.tagName]) e.setAttribute(name, style.getPropertyValue(name));
    e.removeAttribute("style");
  });
  const paper = svg("rect", { x: -10, y: -6, width: app.view.width + 20, height: app.view.height + 16, fill: getComputedStyle(document.body).backgroundColor });
  const faded = copy.querySelectorAll(".faded");
  faded.forEach((e) => e.setAttribute("opacity", "0.4"));
  copy.prepend(paper);
  copy.setAttribute("xmlns", SVG);
  return new XMLSerializer().serializeToString(copy);
}

function saveSvg() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([savedSvg()], { type: "image/svg+xml" }));
  link.download = `dW-${app.state.step}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
