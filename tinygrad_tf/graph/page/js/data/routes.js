// The routes by which the gradient of the loss reaches a node.

// All that lies on a way from the loss to a node: the node and what was made of it, as far as gradients go.
export function routesTo(data, id) {
  const nodes = new Set([id]);
  const edges = new Set();
  const stack = [id];
  while (stack.length) {
    for (const e of data.node.get(stack.pop()).arrivals) {
      edges.add(e.id);
      if (!nodes.has(e.target)) {
        nodes.add(e.target);
        stack.push(e.target);
      }
    }
  }
  const passed = ([n]) => n !== id && nodes.has(n);
  const steps = data.steps.flatMap((step, i) => (passed(step) ? [i + 1] : []));
  return { nodes, edges, steps };
}

// The strongest route to a node, as edges from the loss on.
export function strongestTo(data, id) {
  const found = [];
  for (let n = data.node.get(id); n.via; n = data.node.get(data.edge.get(n.via).target)) found.push(n.via);
  return found.reverse();
}

// The number of a step among all, where only those on the way to a weight are stepped through.
export function globalStep(step, routes) {
  return routes && step > 0 ? routes.steps[step - 1] : step;
}

// Whether an item shows something that lies on these routes.
export function onRoutes(item, routes) {
  if (item.kind === "frame") return item.children.some((c) => onRoutes(c, routes));
  if (item.inner) return routes.nodes.has(item.of.id);
  if (item.kind === "module") return item.nodes.some((n) => routes.nodes.has(n.id));
  return routes.nodes.has(item.node.id);
}
