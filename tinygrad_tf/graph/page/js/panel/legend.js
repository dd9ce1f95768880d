// The legend: what the shapes and the widths of the wires mean.

import { element, make, svg } from "../elements.js";
import { shapeOf } from "../picture/picture.js";
import { say } from "../words.js";

const KINDS = ["operation", "parameter", "input", "constant", "loss", "module"];

export function showLegend(lang) {
  if (element("legend").lang === lang) return;
  element("legend").lang = lang;
  const kinds = KINDS.map((kind) => entry(say("kind")[kind], svg("g", { class: kind }, shapeOf(kind, 2, 2, 22, 14))));
  const thin = svg("path", { d: "M2,12h7", class: "thin" });
  const thick = svg("path", { d: "M11,9h13", class: "thick" });
  element("legend").replaceChildren(...kinds, entry(say("wire"), thin, thick), make("span", "", say("partial")));
}

function entry(text, ...shapes) {
  const made = make("span");
  made.append(svg("svg", { class: "key", width: 26, height: 18 }, ...shapes), make("span", "", text));
  return made;
}
