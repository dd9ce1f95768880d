// Elements, made in one line each: from tags and text, never from markup.

export const SVG = "http://www.w3.org/2000/svg";

export function element(id) {
  return document.getElementById(id);
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function make(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function heading(text) {
  return make("h3", "", text);
}

export function button(text, action) {
  const made = make("button", "", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

// Adds a row to a table: its name, and cells of text or elements; numbers stand at the right.
export function row(table, ...cells) {
  const tr = make("tr");
  cells.forEach((c, i) => {
    const cell = make(i ? "td" : "th", i && /^[−–\d∞N(]/.test(String(c)) ? "n" : "");
    cell.append(c instanceof Node ? c : String(c));
    tr.append(cell);
  });
  table.append(tr);
}
