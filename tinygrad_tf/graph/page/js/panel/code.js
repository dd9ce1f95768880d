// The lines of a program in which a step runs, with the functions that they call, and the whole to save.

import { button, make } from "../elements.js";
import { save } from "../picture/saving.js";
import { say } from "../words.js";

let opened = false; // whoever reads the code of one step reads that of the next

export function codeOf(data, id) {
  const { code } = data;
  if (!code?.steps[id]) return [];
  const lines = code.text.split("\n");
  const [from, to, backFrom, backTo] = code.steps[id];
  const [forward, back] = [lines.slice(from, to), lines.slice(backFrom ?? 0, backTo ?? 0)].map(outdented);
  const box = make("details", "code");
  box.open = opened;
  box.addEventListener("toggle", () => (opened = box.open));
  box.append(make("summary", "", say("asCode")));
  if (forward.length) box.append(make("div", "sub", say("forward")), make("pre", "", forward.join("\n")));
  if (back.length) box.append(make("div", "sub", say("backward")), make("pre", "backward", back.join("\n")));
  const called = calledBy(code.text, [...forward, ...back]);
  if (called.length) box.append(make("div", "sub", say("callsCode")), make("pre", "", called.join("\n\n")));
  const whole = new Blob([code.text], { type: "text/x-python" });
  box.append(button(say("saveCode"), () => save(whole, "step.py")));
  return [box];
}

function outdented(lines) {
  return lines.map((line) => line.replace(/^ {4}/, ""));
}

// The functions that lines call, and those that these call, in the order in which the program defines them.
export function calledBy(text, lines) {
  const functions = new Map([...text.matchAll(/^def ([^(]+)\(.*(?:\n(?: .*)?)*/gm)].map((m) => [m[1], m[0].trimEnd()]));
  const found = new Set();
  const look = (code) => {
    for (const word of code.match(/[\p{L}_][\p{L}\p{N}_]*(?=\()/gu) ?? []) {
      if (found.has(word) || !functions.has(word) || word === "step") continue;
      found.add(word);
      look(functions.get(word));
    }
  };
  lines.forEach(look);
  return [...functions.keys()].filter((name) => found.has(name)).map((name) => functions.get(name));
}
