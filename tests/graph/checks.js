// What the tests ask of an open page; app and the functions it uses are the page's own.

const within = (i, f) => {
  for (let p = i.parent; p; p = p.parent) if (p === f) return true;
  return false;
};

const rgb = (c) => c.match(/[\d.]+/g).slice(0, 3).map(Number);

globalThis.check = {
  // Boxes that overlap, or stick out of the module that they are in.
  overlaps() {
    const over = (a, b) => a.X < b.X + b.w - 0.5 && b.X < a.X + a.w - 0.5 && a.Y < b.Y + b.h - 0.5 && b.Y < a.Y + a.h - 0.5;
    const holds = (b, a) => a.X >= b.X && a.Y >= b.Y && a.X + a.w <= b.X + b.w && a.Y + a.h <= b.Y + b.h;
    const found = [];
    for (const a of app.view.items) {
      for (const b of app.view.items) {
        if (a.id < b.id && !within(a, b) && !within(b, a) && over(a, b)) found.push([a.id, b.id]);
        if (within(a, b) && !holds(b, a)) found.push([a.id, "sticks out of", b.id]);
      }
    }
    return found;
  },
  // Controls of the toolbar that overlap.
  crowded() {
    const controls = [...document.querySelectorAll("header h1, header button, header input, header output, header span, header select")];
    const boxes = controls.map((e) => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width);
    const over = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
    return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) => over(p, q)).map(([b]) => [a, b]));
  },
  // Texts that are wider than their box.
  wide() {
    const texts = (i) => [...i.element.querySelectorAll("text")];
    const out = (i, { x, width }) => x < i.X || x + width > i.X + i.w;
    return app.view.items.flatMap((i) => texts(i).filter((t) => out(i, t.getBBox())).map((t) => t.textContent));
  },
  // Wires that run through a box to which they do not belong.
  wires() {
    const found = new Set();
    const hits = (p, b) => p.x > b.X + 2 && p.x < b.X + b.w - 2 && p.y > b.Y + 2 && p.y < b.Y + b.h - 2;
    for (const e of app.view.edges) {
      const boxes = app.view.items.filter((i) => i.kind !== "frame" && i !== e.source && i !== e.target);
      for (let s = 0; s <= e.element.getTotalLength(); s += 6) {
        const p = e.element.getPointAtLength(s);
        for (const b of boxes) if (hits(p, b)) found.add(`${e.id} through ${b.id}`);
      }
    }
    return [...found];
  },
  // Items that are faded although they are on a route to a node, or the other way round.
  fadedWrongly(to) {
    const { nodes } = routesTo(app.data, to);
    const shows = (i) => {
      if (i.kind === "frame") return i.children.some(shows);
      return i.kind === "module" ? i.nodes.some((n) => nodes.has(n.id)) : nodes.has(i.node.id);
    };
    return app.view.items.filter((i) => shows(i) === i.element.classList.contains("faded")).map((i) => i.id);
  },
  // The number of routes to a node, counted along the edges that the page keeps for it.
  routes(to) {
    const { edges } = routesTo(app.data, to);
    const count = new Map([[app.data.loss, 1n]]);
    for (const [n, sent] of app.data.steps) {
      for (const id of sent.filter((e) => edges.has(e))) {
        const s = app.data.edge.get(id).source;
        count.set(s, (count.get(s) ?? 0n) + count.get(n));
      }
    }
    return String(count.get(to));
  },
  // A node that is shown and whose gradient is a sum: its id, and the first and the last step that add to it.
  sum() {
    const n = app.data.nodes.find((n) => n.join && n.kind === "operation" && app.view.itemOf.get(n.id).node === n);
    return [n.id, n.arrivals[0].step, n.arrivals.at(-1).step];
  },
  everythingOpen() {
    const fused = app.data.nodes.filter((n) => n.inside);
    app.set({ open: new Set([...app.data.modules, ...fused].map((x) => x.id)) });
  },
  // The end of the encoder, the start of the cross-attention, and where the two columns meet.
  columns() {
    const at = (title) => app.view.items.find((i) => i.module?.title === title);
    const [e, d, c] = [at("encoder"), at("decoder"), at("multihead_attn")];
    return [e.Y + e.h, c.Y, e.X + e.w, d.X];
  },
  // Everything that is written or read out, but formulas and the names in the list of weights.
  said() {
    const skip = ["SCRIPT", "OPTION", "STYLE"];
    const elements = [...document.querySelectorAll("body *")].filter((e) => !skip.includes(e.tagName) && !e.closest("math"));
    const own = (e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data);
    const all = elements.flatMap((e) => [...own(e), e.getAttribute("title") ?? "", e.getAttribute("aria-label") ?? ""]);
    return [document.title, ...all].filter((t) => t.trim());
  },
  // Pairs of a colour and the paper that it stands on.
  colors() {
    const paper = rgb(getComputedStyle(document.body).backgroundColor);
    const kinds = ["operation", "parameter", "input", "constant", "loss"].map((k) => [`#picture .${k} > .shape`, "stroke"]);
    const all = [...kinds, ["#picture .edge.back", "stroke"], ["#picture text", "fill"]];
    return all.map(([s, property]) => [rgb(getComputedStyle(document.querySelector(s))[property]), paper]);
  },
  // Controls and boxes that a screen reader has no name for.
  unnamed() {
    const all = [...document.querySelectorAll("button, input, select, #picture .item")];
    const name = (e) => e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.textContent.trim();
    return all.filter((e) => !name(e)).length;
  },
  focused() {
    const e = document.activeElement;
    return e.id || e.dataset.id || e.tagName;
  },
  redraw() {
    const start = performance.now();
    app.rebuild();
    app.refresh();
    return performance.now() - start;
  },
};
