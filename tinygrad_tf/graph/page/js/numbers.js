// Numbers, shapes and counts as the page writes them.

// Numbers that JSON cannot hold come as text.
export function number(x) {
  return x === undefined || x === null ? NaN : Number(x);
}

// Three significant digits, with a minus sign; NaN and infinities by name.
export function three(x) {
  return significant(x, 3);
}

// So many of them.
export function significant(x, digits) {
  if (x === undefined || x === null) return "–";
  const v = Number(x);
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  if (v === 0) return "0";
  const size = Math.abs(v);
  const short = size >= 1e5 || size < 1e-4;
  const text = short ? v.toExponential(digits - 1).replace(/\.?0+e/, "e") : String(Number(v.toPrecision(digits)));
  return text.replace("e-", "e−").replace(/^-/, "−");
}

// With nine digits behind the point; NaN and infinities by name.
export function nine(x) {
  return Number.isFinite(number(x)) ? number(x).toFixed(9) : three(x);
}

export function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}
