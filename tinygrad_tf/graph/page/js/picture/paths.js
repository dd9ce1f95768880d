// Paths of SVG: a wire from its points, and the head at its end.

// Straight pieces with round corners, curves across the gaps.
export function pathText(points) {
  const p = points.filter((q, i) => i === 0 || q.curve || distance(q, points[i - 1]) > 0.01);
  const pieces = p.slice(1).map((b, i) => piece(p[i], b, p[i + 2]));
  return `M${at(p[0])}${pieces.join("")}`;
}

// From a to b, with a corner cut for c.
function piece(a, b, c) {
  if (b.curve === "v" && Math.abs(a.x - b.x) > 0.5) {
    const y = (a.y + b.y) / 2;
    return `C${at({ x: a.x, y })} ${at({ x: b.x, y })} ${at(b)}`;
  }
  if (b.curve === "h") {
    const x = (a.x + b.x) / 2;
    return `C${at({ x, y: a.y })} ${at({ x, y: b.y })} ${at(b)}`;
  }
  if (!b.round || !c) return `L${at(b)}`;
  const size = Math.min(9, distance(a, b) / 2, distance(b, c) / 2);
  return `L${at(toward(b, a, size))}Q${at(b)} ${at(toward(b, c, size))}`;
}

// A tenth of a pixel is fine enough.
function at({ x, y }) {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}

export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function toward(a, b, by) {
  const d = distance(a, b) || 1;
  return { x: a.x + ((b.x - a.x) * by) / d, y: a.y + ((b.y - a.y) * by) / d };
}

// A triangle at the end of a wire: at its first point where a gradient flows back along it, else at its last.
export function headText(points, back, size) {
  const ordered = back ? points : [...points].reverse();
  const tip = ordered[0];
  const from = ordered.find((q) => distance(q, tip) > 1) ?? ordered[1];
  const d = distance(tip, from) || 1;
  const [ux, uy] = [((tip.x - from.x) / d) * size, ((tip.y - from.y) / d) * size];
  const [x, y] = [tip.x - ux * 1.5, tip.y - uy * 1.5];
  const corners = [{ x: x - uy * 0.75, y: y + ux * 0.75 }, { x: x + uy * 0.75, y: y - ux * 0.75 }];
  return `M${at(tip)}L${at(corners[0])}L${at(corners[1])}z`;
}
