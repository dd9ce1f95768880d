// Puts the page together: state in, picture and panel out; buttons, keys and the fragment change the state.

const app = {
  data: null, view: null, routes: null, zoom: 1, playing: null,
  state: { lang: "en", theme: null },
  dark() {
    return (this.state.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  },
  limit() {
    return this.routes ? this.routes.steps.length : this.data.steps.length;
  },
  // Changes the state, and then only what hangs on it.
  set(change) {
    const before = { ...this.state };
    Object.assign(this.state, change);
    if (before.to !== this.state.to) {
      this.routes = this.state.to ? routesTo(this.data, this.state.to) : null;
      if (this.state.to) this.reveal(this.state.to);
    }
    this.state.step = Math.max(0, Math.min(this.state.step, this.limit()));
    if (!this.view || before.lang !== this.state.lang || change.open) this.rebuild();
    this.refresh();
  },
  reveal(id) {
    const open = new Set(this.state.open);
    for (let m = this.data.node.get(id).module; m; m = this.data.module.get(m).parent) open.add(m);
    this.state.open = open;
    this.view = null;
  },
  toggle(id) {
    const open = new Set(this.state.open);
    if (!open.delete(id)) open.add(id);
    const element = this.view.items.find((i) => i.id === id)?.element;
    const top = element?.getBoundingClientRect().top;
    this.set({ open });
    const now = this.view.items.find((i) => i.id === id);
    if (top !== undefined && now) document.getElementById("graph").scrollTop += now.element.getBoundingClientRect().top - top;
    now?.element.focus({ preventScroll: true });
  },
  rebuild() {
    document.documentElement.lang = this.state.lang === "zh" ? "zh-CN" : "en";
    this.view = visible(this.data, this.state.open);
    sizeItems(this.data, this.view.root);
    Object.assign(this.view, layout(this.view));
    drawAll(this.data, this.view);
    resize();
    sayAll();
  },
  refresh() {
    document.documentElement.dataset.theme = this.dark() ? "dark" : "light";
    const shown = showStep(this.data, this.view, this.state, this.routes);
    showPanel(this.data, this.view, this.state, shown, this.routes);
    showControls();
    labelItems(shown);
    if (this.state.step !== this.lastStep || this.state.at !== this.lastAt) follow(shown);
    this.lastStep = this.state.step;
    this.lastAt = this.state.at;
    writeState(this.data, this.state);
  },
};

function element(id) {
  return document.getElementById(id);
}

// ---- what stands on the controls ------------------------------------------------------------------------------------

const ICONS = {
  first: "M3 3v10M13 3l-7 5 7 5z", back: "M10 3L5 8l5 5", play: "M4 3l9 5-9 5z", pause: "M5 3v10M11 3v10", next: "M6 3l5 5-5 5", last: "M13 3v10M3 3l7 5-7 5z",
  minus: "M3 8h10", plus: "M3 8h10M8 3v10", fit: "M2 4v8M14 4v8M5 8h6M7 6L5 8l2 2M9 6l2 2-2 2", save: "M8 2v8M5 7l3 3 3-3M3 13h10", theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
};

function sayAll() {
  document.title = say("title");
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = say(e.dataset.say);
  for (const e of document.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", say(e.dataset.label));
    if (e.tagName === "BUTTON") e.title = say(e.dataset.label);
  }
  element("language").textContent = say("other");
  element("language").setAttribute("aria-label", say("otherLabel"));
  element("language").lang = app.state.lang === "zh" ? "en" : "zh-CN";
  const list = element("weight");
  list.replaceChildren(new Option(say("whole"), ""));
  for (const id of app.data.weights) {
    const n = app.data.node.get(id);
    if (n.norm === undefined) continue;
    list.append(new Option(`${n.kind === "parameter" ? "" : "\u00a0\u00a0\u00a0› "}${fullName(n)}`, id));
  }
}

function icon(button, name) {
  button.replaceChildren(svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] })));
}

function showControls() {
  const { state } = app;
  const slider = element("slider");
  slider.max = app.limit();
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", say("count", state.step, app.limit()));
  element("count").textContent = say("count", state.step, app.limit());
  const list = element("weight");
  if (state.to && ![...list.options].some((o) => o.value === state.to)) list.append(new Option(fullName(app.data.node.get(state.to)), state.to));
  list.value = state.to ?? "";
  element("first").disabled = element("back").disabled = state.step === 0;
  element("last").disabled = element("next").disabled = state.step === app.limit();
}

// What a screen reader says of an item; one item at a time is in the order of the Tab key.
function labelItems(shown) {
  const { items } = app.view;
  const current = items.find((i) => i.id === app.state.at) ?? shown.activeItem ?? items[0];
  for (const i of items) {
    const title = i.kind === "frame" ? i.title : i.lines.join(", ");
    const norm = i.third ? `, ${say("gradient")} ${i.third.textContent}` : "";
    i.element.setAttribute("aria-label", `${say("kind")[i.kind]} ${title}${norm}`);
    if (i.kind === "frame" || i.kind === "module") i.element.setAttribute("aria-expanded", i.kind === "frame");
    i.element.setAttribute("tabindex", i === current ? 0 : -1);
  }
}

// ---- hands ----------------------------------------------------------------------------------------------------------

function go(step) {
  app.set({ step, at: null });
}

function stop() {
  clearInterval(app.playing);
  app.playing = null;
  icon(element("play"), "play");
  element("play").dataset.label = "play";
  sayAll();
  showControls();
}

function play() {
  if (app.playing) return stop();
  if (app.state.step === app.limit()) go(0);
  app.playing = setInterval(() => (app.state.step < app.limit() ? go(app.state.step + 1) : stop()), 900);
  icon(element("play"), "pause");
  element("play").dataset.label = "pause";
  sayAll();
  showControls();
}

// A click: a module opens or closes, anything else is selected; selected again, it is let go.
function choose(id) {
  const item = app.view.items.find((i) => i.id === id);
  if (!item) return;
  if (item.kind === "module" || item.kind === "frame") app.toggle(id);
  else if (item.kind === "parameter" && !item.inner && item.node.norm !== undefined) {
    if (app.state.to === id) app.set({ to: null, at: null, step: globalStep(app.data, app.state, app.routes) });
    else chooseWeight(id);
  } else app.set({ at: app.state.at === id ? null : id });
}

function chooseWeight(id) {
  app.set({ to: id || null, at: null, step: 0 });
  element("weight").blur();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (target.tagName === "SELECT") return;
  const moves = { ArrowRight: () => go(app.state.step + 1), ArrowLeft: () => go(app.state.step - 1), Home: () => go(0), End: () => go(app.limit()) };
  const item = target.closest?.(".item");
  if (moves[key]) moves[key]();
  else if (item && (key === "ArrowDown" || key === "ArrowUp")) walkItems(item, key === "ArrowDown" ? 1 : -1);
  else if (item && (key === "Enter" || key === " ")) choose(item.dataset.id);
  else if (key === "Escape") app.state.at ? app.set({ at: null }) : app.state.to && app.set({ to: null, step: 0 });
  else if (key === "+" || key === "=") zoomTo(app.zoom * 1.25);
  else if (key === "-") zoomTo(app.zoom / 1.25);
  else return;
  event.preventDefault();
}

function walkItems(from, by) {
  const { items } = app.view;
  const at = items.findIndex((i) => i.id === from.dataset.id) + by;
  const next = items[Math.max(0, Math.min(at, items.length - 1))];
  app.set({ at: next.id });
  next.element.focus({ preventScroll: true });
}

function listen() {
  for (const b of document.querySelectorAll("[data-icon]")) icon(b, b.dataset.icon);
  const on = (id, event, action) => element(id).addEventListener(event, action);
  on("first", "click", () => go(0));
  on("back", "click", () => go(app.state.step - 1));
  on("next", "click", () => go(app.state.step + 1));
  on("last", "click", () => go(app.limit()));
  on("play", "click", play);
  on("slider", "input", (e) => go(Number(e.target.value)));
  on("weight", "change", (e) => chooseWeight(e.target.value));
  on("smaller", "click", () => zoomTo(app.zoom / 1.25));
  on("larger", "click", () => zoomTo(app.zoom * 1.25));
  on("fit", "click", fitWidth);
  on("save", "click", saveSvg);
  on("language", "click", () => app.set({ lang: app.state.lang === "en" ? "zh" : "en" }));
  on("theme", "click", () => app.set({ theme: app.dark() ? "light" : "dark" }));
  on("picture", "click", (e) => {
    const item = e.target.closest(".item");
    if (item && e.target.closest(".opener")) app.toggle(item.dataset.id);
    else if (item && !e.target.matches(".frame > .shape")) choose(item.dataset.id);
  });
  document.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.refresh());
  addEventListener("hashchange", () => {
    if (location.hash !== app.written) load();
  });
}

// A fragment that says only language and theme leaves the rest as it is.
function load() {
  const state = readState(app.data);
  const said = [...new URLSearchParams(location.hash.slice(1)).keys()];
  if (app.view && said.length && said.every((key) => key === "lang" || key === "theme")) {
    return app.set(Object.fromEntries(said.map((key) => [key, state[key]])));
  }
  app.view = null;
  app.state = { ...state, to: undefined };
  app.set({ to: state.to });
}

async function start() {
  app.data = await readData();
  listen();
  load();
  zoomTo(Math.max(0.7, Math.min(1, element("graph").clientWidth / (app.view.width + 24))));
  app.lastStep = undefined;
  app.refresh();
  document.body.dataset.ready = "yes";
}

start();
