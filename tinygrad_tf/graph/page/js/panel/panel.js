// The side panel: the story of the step, and in detail what is active or selected, or the whole way to a weight.

import { button, element, make } from "../elements.js";
import { say } from "../words.js";
import { innerDetails, moduleDetails, nodeDetails } from "./details.js";
import { showLegend } from "./legend.js";
import { tell } from "./story.js";
import { wayDetails } from "./way.js";

let last = {}; // what stands there, which is left as it is where it is the same

export function showPanel(app, shown) {
  const { data, state, routes } = app;
  const told = tell(data, state, { ...shown, stops: app.stops() }, routes).join(say("gap"));
  const about = data.about?.[state.lang] ?? data.about?.en;
  const text = about && !shown.active ? about + say("gap") + told : told;
  const line = element("story");
  if (line.textContent !== text) line.textContent = text; // a screen reader would read it again
  const way = routes && state.tab === "way";
  const found = way ? wayDetails(app, shown) : stepDetails(app, shown);
  const key = `${state.tab} ${state.lang} ${state.brief}`;
  if (found !== last.found || key !== last.key) {
    element("details").replaceChildren(...(routes ? [tabs(app)] : []), ...found);
  }
  last = { found, key };
  showLegend(document.documentElement.lang);
}

function stepDetails(app, shown) {
  const item = app.state.at ? app.view.items.find((i) => i.id === app.state.at) : null;
  if (item?.inner) return innerDetails(app.data, item);
  const node = nodeInDetail(app, item, shown);
  const found = node ? nodeDetails(app, shown, node) : moduleDetails(app, item);
  return shown.active || item ? found : [help(), ...found];
}

// What is selected, or the node around it, which a closed module may hide, as an address may, too; else the active
// operation, and before the first step the loss.
function nodeInDetail({ data, state }, item, shown) {
  if (item) return item.node;
  return data.node.get(state.at?.split("/")[0]) ?? data.node.get(shown.active?.[0] ?? data.loss);
}

// With one weight chosen: the step, or the whole way to the weight.
function tabs(app) {
  const list = make("div", "tabs");
  list.setAttribute("role", "tablist");
  for (const [name, word] of [["step", "thisStep"], ["way", "theWay"]]) {
    const tab = button(say(word), () => app.set({ tab: name }));
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-selected", app.state.tab === name);
    tab.dataset.tab = name;
    list.append(tab);
  }
  const brief = button(say("mainRoute"), () => app.set({ brief: !app.state.brief }));
  brief.className = "brief";
  brief.setAttribute("aria-pressed", app.state.brief);
  list.append(brief);
  return list;
}

function help() {
  const list = make("ul", "quiet");
  for (const line of say("help")) list.append(make("li", "", line));
  return list;
}
