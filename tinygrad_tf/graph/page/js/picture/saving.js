// Saving the picture as it is now, as an SVG that needs no style sheet.

import { element, SVG, svg } from "../elements.js";
import { MARGIN, sizeOf } from "./picture.js";

const [MOST_ACROSS, MOST_PIXELS] = [16_000, 100_000_000]; // of a bitmap

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
  const { width, height } = sizeOf(view);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.prepend(svg("rect", { x: -MARGIN.side, y: -MARGIN.top, width, height, fill }));
  copy.setAttribute("xmlns", SVG);
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(app) {
  save(new Blob([savedSvg(app)], { type: "image/svg+xml" }), `dW-${app.state.step}.svg`);
}

// Twice as fine as on the page, as far as the browser makes bitmaps of that size.
export async function savePng(app) {
  const { width, height } = sizeOf(app.view);
  const scale = Math.min(2, MOST_ACROSS / Math.max(width, height), Math.sqrt(MOST_PIXELS / (width * height)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(savedSvg(app))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(blob, `dW-${app.state.step}.png`), "image/png");
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
