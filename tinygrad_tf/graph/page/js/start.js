// Reads the data and sets the page going.

import { app } from "./app.js";
import { drawIcons } from "./controls.js";
import { indexed, unpacked } from "./data/data.js";
import { element } from "./elements.js";
import { listen, load } from "./hands.js";

async function start() {
  app.data = indexed(await unpacked(element("data").textContent.trim()));
  drawIcons();
  listen();
  load();
  app.lastStep = undefined; // the active step is looked for once more, in the window as it is now
  app.refresh();
  document.body.dataset.ready = "yes";
}

start();
