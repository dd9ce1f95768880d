// Points along a path of SVG, as a browser would draw it: lines and curves, in absolute coordinates.

const EVERY = 6; // pixels

export function pointsAlong(path) {
  const found = [];
  let at = null;
  for (const [, command, numbers] of path.matchAll(/([MLCQ])([^MLCQ]*)/g)) {
    const flat = numbers.match(/-?[\d.]+/g).map(Number);
    const points = flat.flatMap((x, i) => (i % 2 ? [] : [{ x, y: flat[i + 1] }]));
    if (command !== "M") found.push(...curve([at, ...points]));
    at = points.at(-1);
  }
  return found;
}

// A Bézier curve of any degree, by De Casteljau.
function curve(points) {
  const lengths = points.slice(1).map((p, i) => Math.hypot(p.x - points[i].x, p.y - points[i].y));
  const n = Math.ceil(lengths.reduce((a, b) => a + b, 0) / EVERY) + 1;
  return Array.from({ length: n + 1 }, (_, i) => between(points, i / n));
}

function between(points, t) {
  if (points.length === 1) return points[0];
  const mix = (a, b) => a + (b - a) * t;
  return between(points.slice(1).map((b, i) => ({ x: mix(points[i].x, b.x), y: mix(points[i].y, b.y) })), t);
}
