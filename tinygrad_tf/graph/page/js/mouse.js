// The mouse on the picture: it is dragged along, and Ctrl and the wheel zoom where the pointer is.

import { element } from "./elements.js";
import { zoomTo } from "./picture/zoom.js";

const SLACK = 4; // pixels that a click may slip
const PER_NOTCH = 1.0015;

export function listenToMouse(app) {
  const pane = element("graph");
  pane.addEventListener("wheel", (event) => zoomAt(app, event), { passive: false });
  pane.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) drag(pane, event);
  });
}

function zoomAt(app, event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault(); // the browser would zoom the whole page
  zoomTo(app, app.zoom * PER_NOTCH ** -event.deltaY, { x: event.clientX, y: event.clientY });
}

function drag(pane, start) {
  const from = { left: pane.scrollLeft, top: pane.scrollTop };
  let dragged = false;
  const move = (event) => {
    const [x, y] = [event.clientX - start.clientX, event.clientY - start.clientY];
    dragged ||= Math.hypot(x, y) > SLACK;
    if (!dragged) return;
    pane.classList.add("dragged");
    pane.scrollTo(from.left - x, from.top - y);
  };
  const end = () => {
    removeEventListener("pointermove", move);
    pane.classList.remove("dragged");
    if (dragged) swallowClick(pane);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end, { once: true });
  addEventListener("pointercancel", end, { once: true });
}

// The click that ends a drag is none.
function swallowClick(pane) {
  const swallow = (event) => event.stopPropagation();
  pane.addEventListener("click", swallow, { capture: true });
  setTimeout(() => pane.removeEventListener("click", swallow, { capture: true }));
}
