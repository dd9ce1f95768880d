// What hands do: buttons, keys, clicks on the picture and the address change the state.

import { stateOf } from "./address.js";
import { app } from "./app.js";
import { drawIcon, sayAll, showControls } from "./controls.js";
import { globalStep } from "./data/routes.js";
import { element } from "./elements.js";
import { listenToFinding } from "./finding.js";
import { listenToMouse } from "./mouse.js";
import { savePng, saveSvg } from "./picture/saving.js";
import { zoomTo, zoomToFit } from "./picture/zoom.js";
import { listenToPrinting } from "./printing.js";

// ---- stepping -------------------------------------------------------------------------------------------------------

function go(step) {
  app.set({ step, at: null });
}

function lastStop() {
  return app.stops()?.at(-1) ?? app.limit();
}

function goBy(steps) {
  app.move(steps);
}

// On the main route the slider counts its stops.
function goTo(place) {
  const stops = app.stops();
  go(stops && place > 0 ? stops[place - 1] : place);
}

function play() {
  if (app.playing) return stop();
  if (app.state.step >= lastStop()) go(0);
  app.playing = setInterval(() => (app.state.step < lastStop() ? goBy(1) : stop()), 900);
  return showPlaying("pause");
}

function stop() {
  clearInterval(app.playing);
  app.playing = null;
  showPlaying("play");
}

// What a click on the button would do next.
function showPlaying(word) {
  drawIcon(element("play"), word);
  element("play").dataset.label = word;
  sayAll(app);
  showControls(app);
}

// ---- choosing -------------------------------------------------------------------------------------------------------

// A click: a module opens or closes, of a weight the routes are shown, anything else is selected; again, it is let go.
function choose(id) {
  const item = app.view.items.find((i) => i.id === id);
  if (!item) return;
  const { state, routes } = app;
  const weight = item.kind === "parameter" && !item.inner && item.node.norm !== undefined;
  if (item.kind === "module" || item.kind === "frame") app.toggle(id);
  else if (!weight) app.set({ at: state.at === id ? null : id });
  else if (state.to !== id) chooseWeight(id);
  else app.set({ to: null, at: null, step: globalStep(state.step, routes) });
}

function chooseWeight(id) {
  app.set({ to: id || null, at: null, step: 0 });
}

function letGo() {
  if (app.state.at) app.set({ at: null });
  else if (app.state.to) app.set({ to: null, step: 0 });
}

// ---- keys and clicks ------------------------------------------------------------------------------------------------

const KEYS = {
  ArrowRight: () => goBy(1),
  ArrowLeft: () => goBy(-1),
  Home: () => go(0),
  End: () => go(lastStop()),
  Escape: letGo,
  "/": () => element("find").focus(),
  "+": () => zoomTo(app, app.zoom * 1.25),
  "=": () => zoomTo(app, app.zoom * 1.25),
  "-": () => zoomTo(app, app.zoom / 1.25),
};

const KEYS_WITH_SHIFT = { ArrowRight: () => app.skip(1), ArrowLeft: () => app.skip(-1) };

const KEYS_ON_ITEMS = {
  ArrowDown: (item) => walkItems(item, 1),
  ArrowUp: (item) => walkItems(item, -1),
  Enter: (item) => choose(item.dataset.id),
  " ": (item) => choose(item.dataset.id),
};

const KEEPS_KEYS = ["find", "weight"]; // what is typed there is meant for them

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || KEEPS_KEYS.includes(event.target.id)) return;
  const item = event.target.closest?.(".item");
  const action = actionOf(event, item);
  if (!action) return;
  action(item);
  event.preventDefault();
}

function actionOf({ key, shiftKey }, item) {
  return (item && KEYS_ON_ITEMS[key]) || (shiftKey && KEYS_WITH_SHIFT[key]) || KEYS[key];
}

// The page around this one hands on the keys that step.
function onMessage({ data, source }) {
  const steps = ["ArrowLeft", "ArrowRight"].includes(data?.key);
  if (source === parent && source !== globalThis && steps) actionOf(data, null)();
}

function walkItems(from, by) {
  const { items } = app.view;
  const at = items.findIndex((i) => i.id === from.dataset.id) + by;
  const next = items[Math.max(0, Math.min(at, items.length - 1))];
  app.set({ at: next.id });
  next.element.focus({ preventScroll: true });
}

// A click on the ground of an open module does nothing.
function onClick(event) {
  const item = event.target.closest(".item");
  if (!item || event.target.matches(".frame > .shape")) return;
  if (event.target.closest(".opener")) app.toggle(item.dataset.id);
  else choose(item.dataset.id);
}

const CLICKS = {
  first: () => go(0),
  back: () => goBy(-1),
  play,
  next: () => goBy(1),
  last: () => go(lastStop()),
  smaller: () => zoomTo(app, app.zoom / 1.25),
  larger: () => zoomTo(app, app.zoom * 1.25),
  fit: () => zoomTo(app, zoomToFit(app)),
  save: () => saveSvg(app),
  savepng: () => savePng(app),
  language: () => app.set({ lang: app.state.lang === "en" ? "zh" : "en" }),
  theme: () => app.set({ theme: app.dark() ? "light" : "dark" }),
  picture: onClick,
};

export function listen() {
  for (const [id, action] of Object.entries(CLICKS)) element(id).addEventListener("click", action);
  element("slider").addEventListener("input", (event) => goTo(Number(event.target.value)));
  listenToWeights();
  listenToMouse(app);
  listenToFinding(app);
  listenToPrinting(app);
  document.addEventListener("keydown", onKey);
  addEventListener("message", onMessage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.refresh());
  addEventListener("hashchange", () => {
    if (location.hash !== app.written) load();
  });
}

// A weight that is chosen by hand leaves the arrows to the steps; by the keyboard one goes on in the list.
function listenToWeights() {
  const list = element("weight");
  let byHand = false;
  list.addEventListener("pointerdown", () => (byHand = true));
  list.addEventListener("keydown", ({ key }) => {
    byHand = false;
    if (key === "Escape" || key === "Enter") list.blur(); // and the arrows step again
  });
  list.addEventListener("change", () => {
    chooseWeight(list.value);
    if (byHand) list.blur();
  });
}

// Takes the state from the address. One that says only language and theme leaves the rest as it is.
export function load() {
  const state = stateOf(app.data, location.hash, navigator.language);
  const said = [...new URLSearchParams(location.hash.slice(1)).keys()];
  if (app.view && said.length && said.every((key) => key === "lang" || key === "theme")) {
    app.set(Object.fromEntries(said.map((key) => [key, state[key]])));
    return;
  }
  app.view = null;
  app.state = { ...state, to: undefined }; // so that a weight to choose is a change
  app.set({ to: state.to });
}
