// Heat maps: the entries of an array as shades. The colours at the ends of the scale stand in style.css.

import { make, svg } from "../elements.js";
import { number, three } from "../numbers.js";
import { say } from "../words.js";

// A thumbnail holds a byte for each entry: 128 for 0, 2 and 254 for the ends of the scale, these for what is broken.
const BROKEN = { 0: "NaN", 1: "−∞", 255: "∞" };
const ZERO = 128;
const END = 126;

// The shade of a level: of the root of its size, so that small entries are seen, too.
export function shade(level) {
  const share = (100 * Math.sqrt(Math.abs(level - ZERO) / END)).toFixed(1);
  return `color-mix(in srgb, var(--map-${level < ZERO ? "below" : "above"}) ${share}%, var(--map-zero))`;
}

export function heatMap(summary, what, shape) {
  const { rows, columns, scale, bits } = summary.thumbnail;
  const levels = Uint8Array.from(atob(bits), (c) => c.charCodeAt(0));
  const [w, h] = [10, rows === 1 ? 14 : 10];
  const picture = svg("svg", {
    viewBox: `0 0 ${columns * w} ${rows * h}`,
    role: "img",
    "aria-label": say("mapOf", what, three(scale)),
    preserveAspectRatio: "xMinYMin meet",
  });
  picture.style.maxWidth = `${Math.min(columns * 22, 340)}px`;
  levels.forEach((level, i) => {
    const box = { x: (i % columns) * w, y: Math.floor(i / columns) * h, width: w, height: h };
    picture.append(...cell(box, level, i));
  });
  const pointed = make("output", "pointed");
  listenToSquares(picture, columns, (i) => {
    const [r, c] = placeOf(summary.thumbnail, shape, i);
    pointed.textContent = say("square", r, c, entryText(summary, shape, levels[i], i));
  });
  const picked = rows * columns < sizeOfShape(shape);
  const note = say(picked ? "picked" : "all", rows, columns);
  const hatched = levels.some((level) => level in BROKEN) ? ` · ${say("hatched")}` : "";
  const map = make("div", "map");
  map.append(make("div", "quiet", `${what} · ${note}${hatched}`), picture, pointed, scaleBar(scale));
  return map;
}

// Where a square stands in the whole matrix: the picked ones are at equal distances.
export function placeOf({ rows, columns }, shape, i) {
  const across = shape.at(-1) ?? 1;
  const down = sizeOfShape(shape) / across;
  return [Math.floor((Math.floor(i / columns) * down) / rows), Math.floor(((i % columns) * across) / columns)];
}

// A square that is pointed at is told of; of all of them one is in the order of Tab, and the arrows move on from it.
function listenToSquares(picture, columns, tell) {
  const squares = [...picture.querySelectorAll("rect")];
  const show = ({ target }) => {
    if (target.dataset.i === undefined) return;
    for (const s of squares) s.setAttribute("tabindex", s === target ? 0 : -1);
    tell(Number(target.dataset.i));
  };
  squares[0]?.setAttribute("tabindex", 0);
  picture.addEventListener("pointerover", show);
  picture.addEventListener("focusin", show);
  picture.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation(); // the page would step
    squares[Number(event.target.dataset.i) + by]?.focus();
  });
}

// One entry; hatched where there is no shade for it.
function cell(box, level, i) {
  const { x, y, width: w, height: h } = box;
  const rect = svg("rect", { ...box, fill: "none", "data-i": i, tabindex: -1 });
  if (!(level in BROKEN)) {
    rect.style.fill = shade(level);
    return [rect];
  }
  const [right, bottom, middle, center] = [x + w, y + h, x + w / 2, y + h / 2];
  const d = `M${x},${bottom}L${right},${y}M${x},${center}L${middle},${y}M${middle},${bottom}L${right},${center}`;
  return [rect, svg("path", { d, stroke: "currentColor", "stroke-width": 1 })];
}

// The number itself where all were kept, else what the shade stands for.
export function entryText(summary, shape, level, i) {
  if (level in BROKEN) return BROKEN[level];
  const { rows, columns, scale } = summary.thumbnail;
  if (summary.full && rows * columns === sizeOfShape(shape)) return three(summary.full[i]);
  return `≈ ${three(((level - ZERO) / END) * number(scale))}`;
}

function sizeOfShape(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

function scaleBar(scale) {
  const line = make("div", "scale");
  const bar = make("div", "bar");
  const stops = Array.from({ length: 9 }, (_, i) => shade(ZERO + ((i - 4) / 4) * END));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  line.append(make("span", "", number(scale) ? `−${three(scale)}` : "0"), bar, make("span", "", three(scale)));
  return line;
}
