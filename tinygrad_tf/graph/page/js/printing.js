// On paper: the whole picture in light colours, then the derivation, which on the page stands in the panel.

import { element, make } from "./elements.js";
import { fullName } from "./names.js";
import { three } from "./numbers.js";
import { formula } from "./panel/formulas.js";
import { derivation } from "./panel/way.js";
import { say } from "./words.js";

const MOST_STEPS = 200; // steps that are written out where no weight is chosen

export function listenToPrinting(app) {
  addEventListener("beforeprint", () => prepare(app));
  addEventListener("afterprint", () => {
    element("paper").replaceChildren();
    app.refresh();
  });
}

function prepare(app) {
  document.documentElement.dataset.theme = "light";
  const told = make("p", "", element("story").textContent);
  element("paper").replaceChildren(told, ...(app.routes ? derivationOf(app) : stepsOf(app)));
}

function derivationOf(app) {
  const { links, elements } = derivation(app);
  for (const { e, li, norm } of links) {
    li.className = "done";
    norm.textContent = three(e.sent);
  }
  return elements;
}

// Each step with its formulas and norms.
function stepsOf({ data }) {
  const list = make("ol", "chain");
  for (const [id, sent] of data.steps.slice(0, MOST_STEPS)) {
    const li = make("li", "done");
    li.append(make("div", "name", fullName(data.node.get(id))), ...sent.map((e) => sending(data, data.edge.get(e))));
    list.append(li);
  }
  const left = data.steps.length - MOST_STEPS;
  return left > 0 ? [list, make("p", "quiet", say("more", left))] : [list];
}

function sending(data, e) {
  const box = formula(data, e.rule, true);
  box.append(make("div", "sub", `→ ${fullName(data.node.get(e.source))} · ${say("norm")} ${three(e.sent)}`));
  return box;
}
