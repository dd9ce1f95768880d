// The active step in words, with its numbers. Names are set apart as elements of their own.

function tell(data, state, shown, routes) {
  const name = (n) => ({ name: fullName(n) });
  if (!shown.active) {
    if (!routes) return [say("before", three(data.value))];
    const end = data.node.get(state.to);
    return [say("beforeTo", fullName(end), routesText(end.routes), routes.steps.length)];
  }
  const node = data.node.get(shown.active[0]);
  const parts = [gets(data, node)];
  const sent = shown.active[1].map((id) => data.edge.get(id)).filter((e) => !routes || routes.edges.has(e.id));
  const what = sent.map((e) => say("sending", formulaText(data, e.rule), fullName(data.node.get(e.source)), three(e.sent)));
  if (what.length) parts.push(say("sends", joined(what)));
  const done = sent.map((e) => data.node.get(e.source)).filter((n, i, all) => n.kind === "parameter" && all.indexOf(n) === i && gradientAt(data, n, shown.step).arrived === n.arrivals.length);
  if (done.length) parts.push(say("leaf", done.map((n) => gradientName(n, n.title))));
  if (routes && state.step === routes.steps.length) {
    const end = data.node.get(state.to);
    parts.push(say("end", gradientName(end, end.title), three(end.norm)));
  }
  return parts;
}

function gets(data, node) {
  if (node.id === data.loss) return say("starts", gradientName(node));
  if (!node.join) return say("one", fullName(node), three(node.norm));
  return say("sum", fullName(node), joined(contributions(data, node)), three(node.norm));
}

// What is summed at a join: the skip and the branch where there are both, else each part.
function contributions(data, node) {
  const j = node.join;
  if (j.skip !== undefined) return [say("part", three(j.skip), say("skip")), say("part", three(j.branch), say("branch"))];
  const parts = j.edges.map((id) => data.edge.get(id));
  return parts.map((e) => say("part", three(e.sent), partOf(data.node.get(e.target))));
}

// Short: without the modules that it shares with most of the picture.
function partOf(n) {
  const text = fullName(n);
  const pieces = text.split(".");
  return pieces.length > 4 ? pieces.slice(-4).join(".") : text;
}

function joined(list) {
  if (list.length < 2) return list.join("");
  return list.slice(0, -1).join(say("and")) + say("and2") + list[list.length - 1];
}
