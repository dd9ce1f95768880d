// Saving the picture as it is now, as an SVG that needs no style sheet.

import { element, SVG, svg } from "../elements.js";
import { MARGIN, sizeOf } from "./picture.js";

// What is written into each kind of element.
const LINES = ["fill", "stroke", "stroke-width", "stroke-dasharray"];
const WANTED = { rect: LINES, path: LINES, text: ["fill", "font-size", "font-weight", "font-family"] };

function savedSvg({ view }) {
  const copy = element("picture").cloneNode(true);
  const live = element("picture").querySelectorAll("*");
  copy.querySelectorAll("*").forEach((e, i) => {
    const style = getComputedStyle(live[i]);
    for (const name of WANTED[e.tagName] ?? []) e.setAttribute(name, style.getPropertyValue(name));
    if (e.matches(".faded")) e.setAttribute("opacity", style.opacity);
    for (const name of ["style", "tabindex"]) e.removeAttribute(name);
  });
  copy.querySelectorAll(".moving").forEach((m) => m.remove());
  copy.removeAttribute("id");
  const fill = getComputedStyle(document.body).backgroundColor;
  copy.prepend(svg("rect", { x: -MARGIN.side, y: -MARGIN.top, ...sizeOf(view), fill }));
  copy.setAttribute("xmlns", SVG);
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(app) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([savedSvg(app)], { type: "image/svg+xml" }));
  link.download = `dW-${app.state.step}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
