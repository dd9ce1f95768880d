import assert from "node:assert/strict";
import test from "node:test";
import { fragmentOf, stateOf } from "../../../tinygrad_tf/graph/page/js/address.js";
import { openedAtFirst } from "../../../tinygrad_tf/graph/page/js/data/items.js";
import { GRAPHS } from "./graphs.js";

const data = GRAPHS.dates;
const [weight] = data.weights;
const first = [...openedAtFirst(data)];
const BEGINNING = {
  step: 0,
  to: null,
  at: null,
  tab: "step",
  brief: false,
  lang: "en",
  theme: null,
  open: openedAtFirst(data),
};
const closed = data.modules.find((m) => !first.includes(m.id)).id;

const STATES = {
  "the beginning": BEGINNING,
  "a step in Chinese in the dark": { ...BEGINNING, step: 12, lang: "zh", theme: "dark" },
  "a weight and its whole way": { ...BEGINNING, step: 3, to: weight, tab: "way", at: weight },
  "the main route of a weight": { ...BEGINNING, to: weight, brief: true },
  "a primitive of a fused node": { ...BEGINNING, at: `${data.nodes.find((n) => n.inside).id}/1` },
  "modules opened and closed": { ...BEGINNING, open: new Set([...first.slice(1), closed]) },
};
for (const [title, state] of Object.entries(STATES)) {
  test(`the fragment holds ${title}`, () => assert.deepEqual(stateOf(data, fragmentOf(data, state), "en"), state));
}

test("a fragment is legible", () => {
  const open = new Set([...first.slice(2), closed]);
  const shut = first.slice(0, 2).join();
  assert.equal(fragmentOf(data, { ...BEGINNING, step: 7, open }), `#step=7&lang=en&open=${closed}&shut=${shut}`);
});

const WRONG = ["", "#", "#step=-4", "#step=x", "#to=n99999", "#at=%3Cb%3E", "#open=nothing&theme=pink&lang=xx", "#&&="];
for (const fragment of WRONG) {
  test(`a wrong fragment is as none: ${fragment}`, () => assert.deepEqual(stateOf(data, fragment, "en"), BEGINNING));
}

test("without a language in the fragment it is that of the browser", () => {
  assert.equal(stateOf(data, "", "zh-TW").lang, "zh");
  assert.equal(stateOf(data, "#lang=en", "zh-TW").lang, "en");
  assert.equal(stateOf(data, "", "fr").lang, "en");
});

test("a page that was made in a language begins with it, whatever the browser's is", () => {
  assert.equal(stateOf({ ...data, lang: "zh" }, "", "en").lang, "zh");
  assert.equal(stateOf({ ...data, lang: "en" }, "", "zh-CN").lang, "en");
  assert.equal(stateOf({ ...data, lang: "zh" }, "#lang=en", "zh-CN").lang, "en");
});

test("a page that was made for a weight begins with its routes, unless a step says otherwise", () => {
  const made = { ...data, path_to: weight };
  assert.equal(stateOf(made, "", "en").to, weight);
  assert.equal(stateOf(made, "#step=5", "en").to, null);
});

test("what gets no gradient cannot be gone to", () => {
  const constant = data.nodes.find((n) => n.norm === undefined).id;
  assert.equal(stateOf(data, `#to=${constant}`, "en").to, null);
});
