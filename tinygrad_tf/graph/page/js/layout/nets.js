// Nets: in each frame, the wires from one source together, from a child of the frame or its border to others.

// The borders of a frame: where wires come in, and where they leave it.
export const IN = { id: "in", row: -1 };
export const OUT = { id: "out" };

// Enters a wire in each frame that it touches: out of those around its source, into those around its target.
export function enterWire(wire) {
  const up = ancestry(wire.source);
  const down = ancestry(wire.target);
  let k = 0;
  while (up[k + 1] && up[k + 1] === down[k + 1]) k += 1;
  wire.top = up[k]; // the innermost frame around both
  wire.up = up.slice(k + 1);
  wire.down = down.slice(k + 1);
  const source = [...wire.up, wire.source];
  const target = [...wire.down, wire.target];
  enter(wire.top, wire.source.id, source[0], target[0]);
  wire.up.forEach((f, i) => enter(f, wire.source.id, source[i + 1], OUT));
  wire.down.forEach((f, i) => enter(f, wire.source.id, IN, target[i + 1]));
}

// The frames around an item, from the outside in.
function ancestry(item) {
  const found = [];
  for (let f = item.parent; f; f = f.parent) found.push(f);
  return found.reverse();
}

function enter(frame, key, from, to) {
  if (!frame.nets.has(key)) frame.nets.set(key, { key, from, to: new Set() });
  frame.nets.get(key).to.add(to);
}

export function isLeaf(item) {
  return ["parameter", "frozen", "constant", "input"].includes(item.kind);
}

// The item that an item is docked at, or itself.
export function hostOf(item) {
  return item.host ?? item;
}

// Whether a net starts at a docked box: then it is a short wire to the host, and takes no part in the rest.
export function isDocked(net) {
  return net.from !== IN && Boolean(net.from.host);
}
