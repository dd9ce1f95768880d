// What the picture shows after a number of steps: norms on boxes, gradients on edges, the active step, the faded rest.

// Width by the logarithm of the norm, over three decades under the largest.
function widthOf(data, norm) {
  if (!Number.isFinite(norm) || norm <= 0 || !data.largest) return 1.4;
  return 1.4 + 5 * Math.max(0, 1 + Math.log10(norm / data.largest) / 3);
}

function showStep(data, view, state, routes) {
  const step = globalStep(data, state, routes);
  const active = step > 0 ? data.steps[step - 1] : null;
  const activeItem = active ? view.itemOf.get(active[0]) : null;
  const sentNow = new Set(active ? active[1] : []);
  for (const item of view.items) showItem(data, item, step, item === activeItem, state, routes);
  document.querySelectorAll("#picture .moving").forEach((m) => m.remove());
  for (const e of view.edges) showEdge(data, e, step, sentNow, routes);
  return { step, active, activeItem };
}

// The number of a step among all, where only those on the way to a weight are stepped through.
function globalStep(data, state, routes) {
  if (!routes) return state.step;
  return state.step === 0 ? 0 : routes.steps[state.step - 1];
}

function showItem(data, item, step, active, state, routes) {
  const classes = item.element.classList;
  classes.toggle("active", active);
  classes.toggle("chosen", state.to === item.id || state.at === item.id);
  classes.toggle("faded", Boolean(routes) && !onRoutes(item, routes));
  if (item.third) {
    const g = itemGradient(data, item, step);
    classes.toggle("has", g.arrived > 0);
    item.third.textContent = g.arrived === 0 ? "–" : `‖${item.letter}‖ ${three(g.norm)}${g.arrived < g.of ? " …" : ""}`;
  }
}

function onRoutes(item, routes) {
  if (item.kind === "frame") return item.children.some((c) => onRoutes(c, routes));
  if (item.inner) return routes.nodes.has(item.of.id);
  if (item.kind === "module") return item.nodes.some((n) => routes.nodes.has(n.id));
  return routes.nodes.has(item.node.id);
}

// Of a closed module: what its last operation has.
function itemGradient(data, item, step) {
  if (item.inner) {
    const whole = data.stepOf.get(item.of.id) <= step && item.inner.norm !== null && item.inner.norm !== undefined;
    return whole ? { arrived: 1, of: 1, norm: item.inner.norm } : { arrived: 0, of: 1 };
  }
  const node = item.kind === "module" ? [...item.nodes].reverse().find((n) => n.norm !== undefined) : item.node;
  return node ? gradientAt(data, node, step) : { arrived: 0, of: 0 };
}

function showEdge(data, e, step, sentNow, routes) {
  const on = !routes || e.edges.some((x) => routes.edges.has(x.id)) || (e.inner.length > 0 && routes.nodes.has(e.inner[0].of.id));
  const sent = e.edges.filter((x) => x.step && x.step <= step && on);
  const inner = e.inner.filter((x) => x.sent !== null && data.stepOf.get(x.of.id) <= step && on);
  const norms = [...sent, ...inner].map((x) => number(x.sent));
  const norm = norms.length ? Math.hypot(...norms) : NaN;
  const back = norms.length > 0;
  const now = e.edges.some((x) => sentNow.has(x.id)) || e.inner.some((x) => data.steps[step - 1]?.[0] === x.of.id);
  e.group.setAttribute("class", on ? "" : "faded");
  e.element.setAttribute("class", `edge${back ? " back" : ""}${back && !Number.isFinite(norm) ? " broken" : ""}`);
  const width = back ? widthOf(data, norm) : 1.1;
  e.element.style.strokeWidth = width;
  e.head.setAttribute("class", `head${back ? " back" : ""}`);
  const p = e.points;
  const [tip, next] = back ? [p[0], p.find((q) => distance(q, p[0]) > 1) ?? p[1]] : [p[p.length - 1], [...p].reverse().find((q) => distance(q, p[p.length - 1]) > 1) ?? p[0]];
  e.head.setAttribute("d", headText(tip, next, back ? 5 + width * 0.9 : 5));
  if (now && back) e.group.append(svg("path", { class: "moving", d: pathText(p) }));
}
