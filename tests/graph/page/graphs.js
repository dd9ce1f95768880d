// What the tests start from: the data of real pages, and a view of them that is laid out without a browser.

import { readdirSync, readFileSync } from "node:fs";
import { indexed } from "../../../tinygrad_tf/graph/page/js/data/data.js";
import { listed, visible } from "../../../tinygrad_tf/graph/page/js/data/items.js";
import { layout } from "../../../tinygrad_tf/graph/page/js/layout/layout.js";
import { sizeItems } from "../../../tinygrad_tf/graph/page/js/picture/sizes.js";
import { speak } from "../../../tinygrad_tf/graph/page/js/words.js";

const folder = process.env.PAGE_DATA;
if (!folder) throw new Error("the data of these tests is made by pytest: run tests/graph/test_scripts.py");

const read = (file) => indexed(JSON.parse(readFileSync(`${folder}/${file}`)));

// The data of the graphs in graphs.py, by name.
export const GRAPHS = Object.fromEntries(readdirSync(folder).map((file) => [file.replace(".json", ""), read(file)]));

// The data of a small graph: for each operation, in the order of making, what it reads. The rest are inputs.
export function network(reads) {
  const operations = Object.keys(reads);
  const inputs = [...new Set(Object.values(reads).flat())].filter((id) => !operations.includes(id));
  const node = (id) => ({ id, op: id, kind: "operation", title: id, name: id, shape: [2], path: "", norm: 1 });
  const nodes = [...inputs.map((id) => ({ ...node(id), op: "", kind: "input" })), ...operations.map(node)];
  const edge = (source, target, position) => ({ id: `${source}-${target}`, source, target, position, sent: 1 });
  const edges = operations.flatMap((id) => reads[id].map((source, position) => edge(source, id, position)));
  const steps = [...operations].reverse().map((id) => [id, reads[id].map((source) => `${source}-${id}`)]);
  return indexed({ nodes, edges, steps, modules: [], weights: [], loss: operations.at(-1) });
}

// About as wide as in a browser: Chinese letters are square, others half of that.
export function measure(text, size, weight = 400) {
  const width = [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1 : 0.56), 0);
  return width * size * (weight > 500 ? 1.1 : 1);
}

// A view with these modules and fused nodes open, in sizes and places.
export function laidOut(data, open, lang = "en") {
  speak(lang);
  const view = visible(data, open);
  sizeItems(data, view.root, measure);
  Object.assign(view, layout(view));
  view.items = listed(view.root).filter((i) => !i.column);
  return view;
}

// All that can be opened in a graph.
export function openable(data) {
  return [...data.modules, ...data.nodes.filter((n) => n.inside)].map((x) => x.id);
}

// Numbers from 0 to 1, always the same.
export function randomNumbers(seed = 1) {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}
