import assert from "node:assert/strict";
import test from "node:test";
import { routesTo } from "../../../tinygrad_tf/graph/page/js/data/routes.js";
import { three } from "../../../tinygrad_tf/graph/page/js/numbers.js";
import { entryText, shade } from "../../../tinygrad_tf/graph/page/js/panel/heatmap.js";
import { tell } from "../../../tinygrad_tf/graph/page/js/panel/story.js";
import { say, speak } from "../../../tinygrad_tf/graph/page/js/words.js";
import { GRAPHS } from "./graphs.js";

// The story after a number of steps among all, as it stands in the panel.
function story(data, step, { lang = "en", to = null } = {}) {
  speak(lang);
  const routes = to && routesTo(data, to);
  const own = routes ? routes.steps.indexOf(step) + 1 : step;
  const active = step > 0 ? data.steps[step - 1] : null;
  return tell(data, { step: own, to }, { step, active }, routes).join(say("gap"));
}

for (const [name, data] of Object.entries(GRAPHS)) {
  for (const lang of ["en", "zh"]) {
    test(`each step is told with its numbers: ${name}, ${lang}`, () => {
      data.steps.forEach(([id], i) => {
        const text = story(data, i + 1, { lang });
        assert.ok(text.includes(three(data.node.get(id).norm)) || text.includes("= 1"), text);
        assert.doesNotMatch(text, /undefined|NaN/);
      });
    });
  }
}

const COMPLETE = [
  ["en", "With this d norm1.weight and d norm1.bias are complete."],
  ["zh", "d norm1.weight、d norm1.bias 已算齐。"],
];
for (const [lang, said] of COMPLETE) {
  test(`it says which gradients are complete: ${lang}`, () => {
    const data = GRAPHS.encoder;
    const step = data.stepOf.get(data.nodes.find((n) => n.op === "layer_norm").id);
    assert.ok(story(data, step, { lang }).includes(said));
  });
}

test("a value has the same name in both languages", () => {
  assert.ok(story(GRAPHS.encoder, 2, { lang: "en" }).startsWith("A₁₀ has its gradient"));
  assert.ok(story(GRAPHS.encoder, 2, { lang: "zh" }).startsWith("A₁₀ 的梯度已算出"));
});

test("along routes it begins with their number and ends at the weight", () => {
  const data = GRAPHS.encoder;
  const to = data.nodes.find((n) => n.name === "W_q").id;
  assert.match(story(data, 0, { to }), /routes? leads? from the loss to .*W_q/);
  assert.match(story(data, routesTo(data, to).steps.at(-1), { to }), /The way ends here: dW_q has norm/);
});

// ---- heat maps ------------------------------------------------------------------------------------------------------

test("a shade is the more of its colour the further from 0 it is", () => {
  assert.match(shade(128), /--map-above\) 0\.0%/);
  assert.match(shade(254), /--map-above\) 100\.0%/);
  assert.match(shade(2), /--map-below\) 100\.0%/);
  assert.match(shade(128 - 126 / 4), /--map-below\) 50\.0%/);
});

test("an entry is told exactly where all were kept, else as its shade, and by name where it is broken", () => {
  const thumbnail = { rows: 1, columns: 2, scale: 2 };
  assert.equal(entryText({ thumbnail, full: [1.23456, 2] }, [2], 206, 0), "1.23");
  assert.equal(entryText({ thumbnail, full: [1, 2, 3] }, [3], 254, 0), "≈ 2");
  assert.equal(entryText({ thumbnail }, [2], 65, 1), "≈ −1");
  assert.deepEqual([0, 1, 255].map((level) => entryText({ thumbnail }, [2], level, 0)), ["NaN", "−∞", "∞"]);
});
