// The address's fragment, which holds the state of the page: #step=12&to=n68&lang=zh&theme=dark&open=m1&shut=m2.

import { openedAtFirst } from "./data/items.js";

// The state that a fragment says; whatever it says wrongly or not at all is as at the beginning. A page that was made
// in a language begins with that, any other with the browser's.
export function stateOf(data, fragment, language) {
  const found = new URLSearchParams(fragment.slice(1));
  const among = (name, ...words) => (words.includes(found.get(name)) ? found.get(name) : null);
  const at = found.get("at");
  return {
    step: Math.max(0, Number.parseInt(found.get("step"), 10) || 0),
    to: chosenIn(data, found),
    at: isKnown(data, at) ? at : null,
    tab: among("tab", "way") ?? "step",
    brief: found.has("brief") ? found.get("brief") === "1" : isBrief(data),
    lang: among("lang", "zh", "en") ?? data.lang ?? (language.startsWith("zh") ? "zh" : "en"),
    theme: among("theme", "light", "dark"),
    open: openIn(data, found),
  };
}

// Whether the page begins with the main route alone.
function isBrief(data) {
  return data.depth !== undefined && data.path_to !== undefined;
}

function isKnown(data, id) {
  return id !== null && (data.node.has(id.split("/")[0]) || data.module.has(id));
}

// The node to which the routes are shown; at the beginning that for which the page was made.
function chosenIn(data, found) {
  const first = found.has("step") ? null : data.path_to;
  const id = isKnown(data, found.get("to")) ? found.get("to") : first;
  return data.node.get(id)?.norm === undefined ? null : id;
}

function openIn(data, found) {
  const list = (name) => (found.get(name) ?? "").split(",");
  const open = openedAtFirst(data);
  for (const id of list("open")) if (isKnown(data, id)) open.add(id);
  for (const id of list("shut")) open.delete(id);
  return open;
}

export function fragmentOf(data, { step, to, at, tab, brief, lang, theme, open }) {
  const first = openedAtFirst(data);
  const fields = {
    step,
    to,
    at,
    tab: tab === "way" ? tab : null,
    brief: brief === isBrief(data) ? null : Number(brief),
    lang,
    theme,
    open: [...open].filter((id) => !first.has(id)).join(),
    shut: [...first].filter((id) => !open.has(id)).join(),
  };
  const said = Object.entries(fields).filter(([, value]) => value !== null && value !== "");
  return `#${said.map(([name, value]) => `${name}=${escaped(value)}`).join("&")}`;
}

// Ids and the commas between them stay legible.
function escaped(value) {
  return encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%2F", "/");
}
