// How wide a text is on this page.

const known = new Map();
let context = null;

export function measure(text, size, weight = 400) {
  const key = `${size} ${weight} ${text}`;
  if (!known.has(key)) {
    context ??= document.createElement("canvas").getContext("2d");
    context.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    known.set(key, context.measureText(text).width * 1.03);
  }
  return known.get(key);
}
