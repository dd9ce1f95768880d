// What the tests ask of an open page; app and the functions it uses are the page's own.

const rgb = (c) => c.match(/[\d.]+/g).slice(0, 3).map(Number);

globalThis.check = {
  // Controls of the toolbar that overlap.
  crowded() {
    const controls = [...document.querySelectorAll("header :is(h1, button, input, output, span, select)")];
    const boxes = controls.map((e) => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width);
    const across = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5;
    const over = (a, b) => across(a, b) && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
    return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) => over(p, q)).map(([b]) => [a, b]));
  },
  // Texts that are wider than their box.
  wide() {
    const texts = (i) => [...i.element.querySelectorAll("text")];
    const out = (i, { x, width }) => x < i.X || x + width > i.X + i.w;
    return app.view.items.flatMap((i) => texts(i).filter((t) => out(i, t.getBBox())).map((t) => t.textContent));
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
  // A node that is shown and whose gradient is a sum: its id, and the first and the last step that add to it.
  sum() {
    const isSum = (n) => n.join && n.kind === "operation" && app.view.itemOf.get(n.id).node === n;
    const { id, arrivals } = app.data.nodes.find(isSum);
    return [id, arrivals[0].step, arrivals.at(-1).step];
  },
  everythingOpen() {
    const fused = app.data.nodes.filter((n) => n.inside);
    app.set({ open: new Set([...app.data.modules, ...fused].map((x) => x.id)) });
  },
  // Everything that is written or read out, but formulas and the names in the list of weights.
  said() {
    const skipped = (e) => ["SCRIPT", "NOSCRIPT", "OPTION", "STYLE"].includes(e.tagName) || e.closest("math");
    const elements = [...document.querySelectorAll("body *")].filter((e) => !skipped(e));
    const own = (e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data);
    const all = elements.flatMap((e) => [...own(e), e.getAttribute("title") ?? "", e.getAttribute("aria-label") ?? ""]);
    return [document.title, ...all].filter((t) => t.trim());
  },
  // Pairs of a colour and the paper that it stands on.
  colors() {
    const paper = rgb(getComputedStyle(document.body).backgroundColor);
    const kinds = ["operation", "parameter", "input", "constant", "loss"];
    const boxes = kinds.map((kind) => [`#picture .${kind} > .shape`, "stroke"]);
    const all = [...boxes, ["#picture .edge.back", "stroke"], ["#picture text", "fill"]];
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
