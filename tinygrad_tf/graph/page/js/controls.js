// What stands on the controls, and what a screen reader says of them and of the boxes.

import { element, svg } from "./elements.js";
import { fullName } from "./names.js";
import { say } from "./words.js";

const ICONS = {
  first: "M3 3v10M13 3l-7 5 7 5z",
  back: "M10 3L5 8l5 5",
  play: "M4 3l9 5-9 5z",
  pause: "M5 3v10M11 3v10",
  next: "M6 3l5 5-5 5",
  last: "M13 3v10M3 3l7 5-7 5z",
  minus: "M3 8h10",
  plus: "M3 8h10M8 3v10",
  fit: "M2 4v8M14 4v8M5 8h6M7 6L5 8l2 2M9 6l2 2-2 2",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
};

export function drawIcons() {
  for (const b of document.querySelectorAll("[data-icon]")) drawIcon(b, b.dataset.icon);
}

export function drawIcon(button, name) {
  button.replaceChildren(svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] })));
}

// Says everything in the language of the page.
export function sayAll(app) {
  document.title = say("title");
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = say(e.dataset.say);
  for (const e of document.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", say(e.dataset.label));
    if (e.tagName === "BUTTON") e.title = say(e.dataset.label);
  }
  for (const e of document.querySelectorAll("[data-hint]")) e.placeholder = say(e.dataset.hint);
  const language = element("language");
  language.textContent = say("other");
  language.setAttribute("aria-label", say("otherLabel"));
  language.lang = app.state.lang === "zh" ? "en" : "zh-CN";
  listWeights(app.data);
}

// The weights that have a gradient; those that are made of the one above them stand further in.
function listWeights(data) {
  const nodes = data.weights.map((id) => data.node.get(id)).filter((n) => n.norm !== undefined);
  const indent = (n) => (n.kind === "parameter" ? "" : "\u00a0\u00a0\u00a0› ");
  const options = nodes.map((n) => new Option(indent(n) + fullName(n), n.id));
  element("weight").replaceChildren(new Option(say("whole"), ""), ...options);
}

export function showControls(app) {
  const { step, to } = app.state;
  const stops = app.stops();
  const [at, of] = stops ? [stops.filter((s) => s <= step).length, stops.length] : [step, app.limit()];
  const count = say("count", at, of);
  const slider = element("slider");
  slider.max = of;
  slider.value = at;
  slider.setAttribute("aria-valuetext", count);
  element("count").textContent = count;
  const list = element("weight");
  const isListed = [...list.options].some((o) => o.value === to);
  if (to && !isListed) list.append(new Option(fullName(app.data.node.get(to)), to)); // any node can be gone to
  list.value = to ?? "";
  for (const id of ["first", "back"]) element(id).disabled = step === 0;
  for (const id of ["last", "next"]) element(id).disabled = at === of;
}

// What a screen reader says of an item; one item at a time is in the order of the Tab key.
export function labelItems(app, shown) {
  const { items } = app.view;
  const current = items.find((i) => i.id === app.state.at) ?? shown.activeItem ?? items[0];
  for (const i of items) {
    const title = i.kind === "frame" ? i.title : i.lines.join(", ");
    const norm = i.third ? `, ${say("gradient")} ${i.shownText}` : "";
    const label = `${say("kind")[i.kind]} ${title}${norm}`;
    if (i.label === label) continue;
    i.label = label;
    i.element.setAttribute("aria-label", label);
    if (i.kind === "frame" || i.kind === "module") i.element.setAttribute("aria-expanded", i.kind === "frame");
  }
  if (app.view.current === current) return;
  app.view.current?.element.setAttribute("tabindex", -1);
  current?.element.setAttribute("tabindex", 0);
  app.view.current = current;
}
