// The distances of the layout, and how much room a box takes with what is docked at it.

export const GAP = { row: 26, column: 20, dock: 22, stack: 5, lane: 13, pad: 14, title: 24, edge: 6 };

// How far an item reaches to the left and to the right of its anchor, docks included.
export function reach(item) {
  const anchor = item.kind === "frame" ? item.anchor : item.w / 2;
  const channel = item.channel ? GAP.lane : 0; // a wire comes down beside the docks
  const docks = item.docks.length ? Math.max(...item.docks.map((d) => d.w)) + GAP.dock + channel : 0;
  return [anchor + docks, item.w - anchor];
}

// How high its docks are, one above the other.
export function dockHeight(item) {
  return item.docks.reduce((h, d) => h + d.h + GAP.stack, -GAP.stack);
}

export function mean(list) {
  return list.length ? list.reduce((a, b) => a + b, 0) / list.length : 0;
}
