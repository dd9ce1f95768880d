// The state of the page, and what hangs on it: data, view, picture, panel, controls and the address follow.

import { fragmentOf } from "./address.js";
import { labelItems, sayAll, showControls } from "./controls.js";
import { visible } from "./data/items.js";
import { globalStep, routesTo, stopsTo } from "./data/routes.js";
import { element } from "./elements.js";
import { layout } from "./layout/layout.js";
import { showPanel } from "./panel/panel.js";
import { showStep } from "./picture/flow.js";
import { measure } from "./picture/measure.js";
import { drawAll } from "./picture/picture.js";
import { sizeItems } from "./picture/sizes.js";
import { follow, resize } from "./picture/zoom.js";
import { speak } from "./words.js";

export const app = {
  data: null,
  view: null, // the items and wires that are visible
  routes: null, // those to the weight that is chosen
  zoom: 1,
  playing: null, // the timer, while it plays
  written: "", // the fragment of the address
  state: { lang: "en", theme: null },

  dark() {
    const own = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    return (this.state.theme ?? own) === "dark";
  },

  // The number of steps, of all or of those on the routes.
  limit() {
    return (this.routes ?? this.data).steps.length;
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

  // Where stepping stops on the main route, where that alone is gone; else null: at every step.
  stops() {
    if (!this.routes || !this.state.brief) return null;
    if (this.view.stopsFor !== this.routes) {
      this.view.stopsFor = this.routes;
      this.view.stops = stopsTo(this.data, this.state.to, this.routes, this.view.itemOf);
    }
    return this.view.stops;
  },

  // So many stops on, or back.
  move(by) {
    const stops = this.stops();
    const { step } = this.state;
    if (!stops) return this.set({ step: step + by, at: null });
    const next = by > 0 ? stops.find((s) => s > step) : stops.findLast((s) => s < step);
    return this.set({ step: next ?? (by > 0 ? step : 0), at: null });
  },

  // To the next step (or, by −1, the one before) that something else shows: past a closed module.
  skip(by) {
    const item = this.itemAt(this.state.step);
    let step = this.state.step + by;
    while (step > 0 && step < this.limit() && item?.kind === "module" && this.itemAt(step) === item) step += by;
    this.set({ step, at: null });
  },

  itemAt(step) {
    const at = globalStep(step, this.routes);
    return at > 0 ? this.view.itemOf.get(this.data.steps[at - 1][0]) : null;
  },

  // Opens the modules around a node, and selects it.
  show(id) {
    this.reveal(id);
    this.set({ at: id });
  },

  // Opens the modules around a node.
  reveal(id) {
    const open = new Set(this.state.open);
    for (let m = this.data.node.get(id).module; m; m = this.data.module.get(m).parent) open.add(m);
    this.state.open = open;
    this.view = null;
  },

  // Opens or closes an item, which stays where it is on the screen.
  toggle(id) {
    const open = new Set(this.state.open);
    if (!open.delete(id)) open.add(id);
    const found = () => this.view.items.find((i) => i.id === id)?.element;
    const top = found()?.getBoundingClientRect().top;
    this.set({ open });
    const now = found();
    if (top !== undefined && now) element("graph").scrollTop += now.getBoundingClientRect().top - top;
    now?.focus({ preventScroll: true });
  },

  rebuild() {
    speak(this.state.lang);
    document.documentElement.lang = this.state.lang === "zh" ? "zh-CN" : "en";
    this.view = visible(this.data, this.state.open);
    sizeItems(this.data, this.view.root, measure);
    Object.assign(this.view, layout(this.view));
    drawAll(this.view);
    resize(this);
    sayAll(this);
  },

  refresh() {
    const { step, at } = this.state;
    document.documentElement.dataset.theme = this.dark() ? "dark" : "light";
    const shown = showStep(this);
    showPanel(this, shown);
    showControls(this);
    labelItems(this, shown);
    if (step !== this.lastStep || at !== this.lastAt) follow(this, shown);
    this.lastStep = step;
    this.lastAt = at;
    this.write();
  },

  write() {
    this.written = fragmentOf(this.data, this.state);
    try {
      history.replaceState(null, "", this.written);
    } catch {
      // a page inside a notebook has no address of its own
    }
  },
};
