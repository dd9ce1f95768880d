// Heat maps and formulas: built from elements and text, never from markup.

const BLUE = [33, 102, 172];
const ORANGE = [217, 95, 2];

// Signed values: blue below 0, orange above, the background at 0.
function colorOf(level) {
  const v = (level - 128) / 126;
  const zero = app.dark() ? [36, 43, 51] : [247, 247, 247];
  const end = v < 0 ? BLUE : ORANGE;
  const lift = app.dark() ? 40 : 0;
  const t = Math.sqrt(Math.abs(v));
  return `rgb(${zero.map((z, i) => Math.round(z + (Math.min(255, end[i] + lift) - z) * t)).join()})`;
}

function heatMap(summary, what, shape) {
  const box = make("div", "map");
  const t = summary.thumbnail;
  const bytes = Uint8Array.from(atob(t.bits), (c) => c.charCodeAt(0));
  const [w, h] = [10, t.rows === 1 ? 14 : 10];
  const picture = svg("svg", { viewBox: `0 0 ${t.columns * w} ${t.rows * h}`, role: "img", "aria-label": say("mapOf", what, three(t.scale)), preserveAspectRatio: "xMinYMin meet" });
  picture.style.maxWidth = `${Math.min(t.columns * 22, 340)}px`;
  let broken = false;
  bytes.forEach((level, i) => {
    const [x, y] = [(i % t.columns) * w, Math.floor(i / t.columns) * h];
    const odd = level === 0 || level === 1 || level === 255;
    broken ||= odd;
    const cell = svg("rect", { x, y, width: w, height: h, fill: odd ? "none" : colorOf(level) });
    const tip = svg("title");
    tip.textContent = odd ? { 0: "NaN", 1: "−∞", 255: "∞" }[level] : exact(summary, t, shape, i) ?? `≈ ${three(((level - 128) / 126) * number(t.scale))}`;
    cell.append(tip);
    picture.append(cell);
    if (odd) picture.append(svg("path", { d: `M${x},${y + h}L${x + w},${y}M${x},${y + h / 2}L${x + w / 2},${y}M${x + w / 2},${y + h}L${x + w},${y + h / 2}`, stroke: "currentColor", "stroke-width": 1 }));
  });
  const size = shape.reduce((a, b) => a * b, 1);
  const note = say(t.rows * t.columns < size ? "picked" : "all", t.rows, t.columns) + (broken ? ` · ${say("hatched")}` : "");
  box.append(make("div", "quiet", `${what} · ${note}`), picture, scaleBar(t.scale));
  return box;
}

function exact(summary, t, shape, i) {
  const size = shape.reduce((a, b) => a * b, 1);
  return summary.full && t.rows * t.columns === size ? three(summary.full[i]) : null;
}

function scaleBar(scale) {
  const row = make("div", "scale");
  const bar = make("div", "bar");
  const stops = Array.from({ length: 9 }, (_, i) => colorOf(128 + (i - 4) * 31.5));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  row.append(make("span", "", number(scale) ? `−${three(scale)}` : "0"), bar, make("span", "", three(scale)));
  return row;
}

const MATHML = "http://www.w3.org/1998/Math/MathML";

function mathElement(tree) {
  const [tag, ...children] = tree;
  const element = document.createElementNS(MATHML, tag);
  for (const c of children) {
    if (typeof c !== "string") element.append(mathElement(c));
    else element.textContent = { "if ": say("if_"), else: say("else_") }[c] ?? c;
  }
  return element;
}

// A formula with the lines that it reads; code that no formula says stands as it is.
function formula(data, index, back = false) {
  const box = make("div", back ? "formula back" : "formula");
  if (index === undefined || index === null) return box;
  const [text, trees] = data.formulas[index];
  trees.forEach((tree, i) => {
    if (tree[0] === "mtext") {
      box.append(make("pre", "", tree[1]));
      return;
    }
    const math = document.createElementNS(MATHML, "math");
    if (!i) math.setAttribute("displaystyle", "true");
    math.setAttribute("aria-label", text.split("\n")[i] ?? "");
    math.append(mathElement(tree));
    const line = make("div", i ? "sub" : "");
    if (i === 1) line.append(make("span", "", `${say("where")} `));
    line.append(math);
    box.append(line);
  });
  return box;
}

function formulaText(data, index) {
  return index === undefined || index === null ? "" : data.formulas[index][0].split("\n")[0];
}

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}
