// The state of the page, and the address's fragment that holds it: #step=12&to=n68&lang=zh&theme=dark&open=m1&shut=m2.

function readState(data) {
  const found = new URLSearchParams(location.hash.slice(1));
  const known = (id) => (id && (data.node.has(id.split("/")[0]) || data.module.has(id)) ? id : null);
  const to = known(found.get("to")) ?? (found.has("step") ? null : data.path_to ?? null);
  const open = openedAtFirst(data);
  for (const id of (found.get("open") ?? "").split(",")) if (known(id)) open.add(id);
  for (const id of (found.get("shut") ?? "").split(",")) open.delete(id);
  return {
    step: Math.max(0, Number.parseInt(found.get("step") ?? "0", 10) || 0),
    to: to && data.node.get(to)?.norm !== undefined ? to : null,
    at: known(found.get("at")),
    tab: found.get("tab") === "way" ? "way" : "step",
    lang: found.get("lang") === "zh" || (!found.has("lang") && /^zh/.test(navigator.language)) ? "zh" : "en",
    theme: ["light", "dark"].includes(found.get("theme")) ? found.get("theme") : null,
    open,
  };
}

function writeState(data, state) {
  const first = openedAtFirst(data);
  const fields = [["step", state.step], ["to", state.to], ["at", state.at], ["tab", state.tab === "way" ? "way" : null], ["lang", state.lang], ["theme", state.theme],
    ["open", [...state.open].filter((id) => !first.has(id)).join()], ["shut", [...first].filter((id) => !state.open.has(id)).join()]];
  const text = fields.filter(([, v]) => v !== null && v !== "").map(([k, v]) => `${k}=${encodeURIComponent(v).replaceAll("%2C", ",").replaceAll("%2F", "/")}`).join("&");
  app.written = `#${text}`;
  try {
    history.replaceState(null, "", app.written);
  } catch {
    // a page inside a notebook has no address of its own
  }
}
