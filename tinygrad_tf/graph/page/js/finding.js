// The search box: a node is found by what it is called, by its operation or its module.

import { element } from "./elements.js";
import { fullName } from "./names.js";
import { say } from "./words.js";

// Nodes whose words all of those sought occur in; those that are called so come first.
export function matches(data, sought) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const textOf = (n) => [fullName(n), n.op, n.path, n.label, n.kind].filter(Boolean).join(" ").toLowerCase();
  const found = data.nodes.filter((n) => words.every((word) => textOf(n).includes(word)));
  const exact = (n) => n.name?.toLowerCase() === sought.trim().toLowerCase();
  return [...found.filter(exact), ...found.filter((n) => !exact(n))].map((n) => n.id);
}

const hits = { list: [], at: -1 }; // what was found, and which of it is shown

export function listenToFinding(app) {
  const box = element("find");
  box.addEventListener("input", () => {
    hits.list = matches(app.data, box.value);
    hits.at = -1;
    tellHits(box.value);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      box.blur();
    }
    if (event.key === "Enter" && hits.list.length) {
      const n = hits.list.length;
      hits.at = hits.at < 0 ? 0 : (hits.at + (event.shiftKey ? n - 1 : 1)) % n;
      app.show(hits.list[hits.at]);
      tellHits(box.value);
    }
  });
}

function tellHits(sought) {
  const text = hits.list.length ? `${Math.max(hits.at + 1, 1)} / ${hits.list.length}` : say("noneFound");
  element("found").textContent = sought.trim() ? text : "";
}
