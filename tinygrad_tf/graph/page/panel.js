// The side panel: the active or selected item in detail, and for one weight the derivation of its gradient.

function showPanel(data, view, state, shown, routes) {
  const story = tell(data, state, shown, routes).join(say("gap"));
  const line = document.getElementById("story");
  if (line.textContent !== story) line.textContent = story;
  const details = document.getElementById("details");
  details.replaceChildren();
  if (routes) details.append(tabs(state));
  if (routes && state.tab === "way") {
    details.append(...wayDetails(data, state, shown, routes));
    return showLegend();
  }
  const item = state.at ? view.items.find((i) => i.id === state.at) : null;
  const id = state.at && !item ? state.at : null; // a node inside a closed module
  const node = item ? item.node ?? null : id ? data.node.get(id) : shown.active ? data.node.get(shown.active[0]) : routes ? data.node.get(state.to) : null;
  if (item?.inner) details.append(...innerDetails(data, item));
  else if (item && !node) details.append(...moduleDetails(item));
  else if (!node) details.append(help());
  else details.append(...nodeDetails(data, state, shown, node, view, routes));
  showLegend();
}

// With one weight chosen: the step, or the whole way to the weight.
function tabs(state) {
  const list = make("div", "tabs");
  list.setAttribute("role", "tablist");
  for (const [name, word] of [["step", "thisStep"], ["way", "theWay"]]) {
    const b = button(say(word), () => app.set({ tab: name }));
    b.setAttribute("role", "tab");
    b.setAttribute("aria-selected", (state.tab ?? "step") === name);
    b.dataset.tab = name;
    list.append(b);
  }
  return list;
}

function help() {
  const list = make("ul", "quiet");
  for (const line of say("help")) list.append(make("li", "", line));
  return list;
}

function heading(text) {
  return make("h3", "", text);
}

function row(table, ...cells) {
  const tr = make("tr");
  cells.forEach((c, i) => {
    const td = make(i ? "td" : "th", i && /^[−–\d∞N(]/.test(String(c)) ? "n" : "");
    td.append(c instanceof Node ? c : document.createTextNode(String(c)));
    tr.append(td);
  });
  table.append(tr);
}

function button(text, action) {
  const b = make("button", "", text);
  b.type = "button";
  b.addEventListener("click", action);
  return b;
}

function moduleDetails(item) {
  const found = [make("h2", "name", item.module.path || item.title), make("div", "quiet", say("kind").module)];
  const actions = make("div", "actions");
  actions.append(button(say(item.kind === "frame" ? "close" : "open"), () => app.toggle(item.id)));
  found.push(actions);
  return found;
}

function innerDetails(data, item) {
  const table = make("table");
  row(table, say("shape"), shapeText(item.inner.shape));
  row(table, say("norm"), three(item.inner.value));
  row(table, `${say("norm")} · ${say("gradient")}`, three(item.inner.norm));
  const found = [make("h2", "name", innerTitle(item.inner)), make("p", "quiet", say("inside")), table];
  if (item.inner.forward !== undefined) found.push(heading(say("forward")), formula(data, item.inner.forward));
  const d = data.definitions[item.of.inside[0]];
  const own = Number(item.id.split("/")[1]);
  const rules = d.edges.filter((e) => e.target === own && e.rule !== undefined);
  if (rules.length) found.push(heading(say("backward")), ...rules.map((e) => formula(data, e.rule, true)));
  return found;
}

function nodeDetails(data, state, shown, node, view, routes) {
  const g = gradientAt(data, node, shown.step);
  const kind = say(state.at ? "selected" : "active");
  const found = [make("div", "quiet", `${kind} · ${say("kind")[node.kind]}`), make("h2", "name", fullName(node))];
  found.push(actionsOf(state, node, view));
  if (node.forward !== undefined) found.push(heading(say("forward")), formula(data, node.forward));
  const sent = node.into.filter((e) => e.step && (!routes || !routes.nodes.has(node.id) || routes.edges.has(e.id) || node.id === state.to));
  if (sent.length) {
    found.push(heading(say("backward")));
    for (const e of sent) {
      const box = formula(data, e.rule, true);
      const done = e.step <= shown.step;
      box.append(make("div", "sub", `→ ${fullName(data.node.get(e.source))} · ${say("norm")} ${done ? three(e.sent) : "–"}`));
      found.push(box);
    }
  }
  if (node.join) found.push(...joinDetails(data, node, shown.step));
  const whole = g.arrived > 0 && g.arrived === g.of;
  if (!node.norm && node.norm !== 0) found.push(make("p", "quiet", say("noGradient")));
  found.push(...numbers(node, whole));
  const maps = make("div", "maps");
  if (node.value?.thumbnail) maps.append(heatMap(node.value, say("value"), node.shape));
  if (whole && node.gradient?.thumbnail) maps.append(heatMap(node.gradient, say("gradient"), node.shape));
  found.push(maps);
  return found;
}

function actionsOf(state, node, view) {
  const actions = make("div", "actions");
  const item = view.itemOf.get(node.id);
  if (node.norm !== undefined && state.to !== node.id && node.kind !== "loss") actions.append(button(say("follow"), () => app.set({ to: node.id, step: 0, at: null })));
  if (node.inside && item.node === node) actions.append(button(say(item.fused ? "closeFused" : "openFused"), () => app.toggle(node.id)));
  return actions;
}

function numbers(node, whole) {
  const table = make("table");
  const [v, g] = [node.value, whole ? node.gradient : null];
  row(table, say("shape"), `${shapeText(node.shape)} ${node.dtype}`);
  if (node.path) row(table, say("module"), make("span", "name", node.path));
  if (node.line) row(table, say("line"), make("span", "name", node.line));
  if (v && node.shape.length === 0) row(table, say("value"), three(v.max));
  const stats = make("table", "figures");
  const add = (what, of) => row(stats, what, v ? of(v) : "–", g ? of(g) : "–");
  const tr = make("tr");
  for (const text of ["", say("value"), say("gradient")]) tr.append(make("th", "", text));
  stats.append(tr);
  add(say("norm"), (s) => three(s.norm));
  if (v?.min !== undefined) {
    add(say("range"), (s) => `${three(s.min)} … ${three(s.max)}`);
    add(say("mean"), (s) => three(s.mean));
    add(say("zeros"), (s) => `${three(100 * (s.zeros ?? 0))}%`);
  }
  if (v?.nans || g?.nans) add(say("nans"), (s) => s.nans ?? 0);
  if (v?.infs || g?.infs) add(say("infs"), (s) => s.infs ?? 0);
  return [heading(`${say("value")} · ${say("gradient")}`), table, ...(v ? [stats] : [])];
}

// The sum at a join, part by part, as far as the steps have come.
function joinDetails(data, node, step) {
  const j = node.join;
  const table = make("table", "figures");
  row(table, say("from"), say("adds"), say("sofar"));
  j.edges.forEach((id, i) => {
    const e = data.edge.get(id);
    const done = e.step <= step;
    const from = make("span", "name", partOf(data.node.get(e.target)) + (j.skips?.includes(id) ? ` (${say("skip")})` : ""));
    row(table, from, done ? three(e.sent) : "–", done ? three(j.partial[i]) : "–");
  });
  const found = [heading(say("join")), table];
  if (j.skip !== undefined && data.edge.get(j.edges[j.edges.length - 1]).step <= step) {
    found.push(make("p", "quiet", say("throughText", three(j.skip), three(j.branch), three(node.norm), three(j.angle))));
  }
  return found;
}

// One weight: its strongest route as a derivation, what the skips carried, and the nudges.
function wayDetails(data, state, shown, routes) {
  const end = data.node.get(state.to);
  const found = [heading(say("chain", gradientName(data.node.get(data.loss)), gradientName(end))), make("p", "quiet", end.routes === "1" ? say("chainOne") : say("chainIntro", routesText(end.routes)))];
  const chain = make("ol", "chain");
  for (const id of strongestTo(data, end.id)) {
    const e = data.edge.get(id);
    const target = data.node.get(e.target);
    const source = data.node.get(e.source);
    const li = make("li", e.step === shown.step ? "now" : e.step > shown.step ? "later" : "");
    const f = formula(data, e.rule, true);
    const share = source.join ? ` · ${say("strongShare", `${Math.round((100 * number(e.sent)) / source.arrivals.reduce((a, x) => a + number(x.sent), 0))}%`)}` : "";
    f.append(make("div", "sub", `${fullName(target)} · ${say("norm")} ${e.step <= shown.step ? three(e.sent) : "–"}${share}`));
    li.append(f);
    li.addEventListener("click", () => app.set({ step: routes.steps.indexOf(e.step) + 1, at: null }));
    chain.append(li);
  }
  return [...nudgeTable(end), ...skipTable(data, routes), ...found, chain];
}

function skipTable(data, routes) {
  const joins = data.steps.map(([n]) => data.node.get(n)).filter((n) => routes.nodes.has(n.id) && n.join?.skip !== undefined);
  if (!joins.length) return [];
  const table = make("table", "figures");
  row(table, say("skipAt"), say("skip"), say("branch"), say("angle"));
  for (const n of joins) row(table, make("span", "name", partOf(n)), three(n.join.skip), three(n.join.branch), `${Math.round(n.join.angle)}°`);
  const list = make("details");
  list.open = joins.length < 9;
  list.append(make("summary", "", say("skips")), table);
  return [list];
}

function nudgeTable(end) {
  const found = [heading(say("nudge"))];
  if (!end.nudges) return [...found, make("p", "quiet", say("noNudge"))];
  found.push(make("p", "quiet", `${say("nudgeIntro")} ε = ${three(end.nudges[0].epsilon)}`));
  const table = make("table", "figures");
  row(table, say("entry"), say("slope"), say("dEntry"));
  for (const q of end.nudges) {
    const entry = make("div", "", `[${q.index.join(", ")}] = ${three(q.entry)}`);
    entry.append(make("div", "quiet", `${say("lossPlus")} = ${q.plus.toFixed(9)}`), make("div", "quiet", `${say("lossMinus")} = ${q.minus.toFixed(9)}`));
    row(table, entry, three((q.plus - q.minus) / (2 * q.epsilon)), three(q.gradient));
  }
  return [...found, table];
}

function showLegend() {
  const legend = document.getElementById("legend");
  legend.replaceChildren();
  const kinds = { operation: 8, parameter: 0, input: 10, constant: 10, loss: 10, module: 5 };
  for (const [kind, rx] of Object.entries(kinds)) {
    const shape = svg("rect", { class: "shape", x: 2, y: 2, width: 22, height: 14, rx });
    const picture = svg("svg", { class: "key", width: 26, height: 18 }, svg("g", { class: kind }, shape));
    const entry = make("span");
    entry.append(picture, make("span", "", say("kind")[kind]));
    legend.append(entry);
  }
  const wire = svg("svg", { class: "key", width: 26, height: 18 }, svg("path", { d: "M2,12h7", class: "thin" }), svg("path", { d: "M11,9h13", class: "thick" }));
  const entry = make("span");
  entry.append(wire, make("span", "", say("wire")));
  legend.append(entry, make("span", "", say("partial")));
}
