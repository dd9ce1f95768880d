"""The dual picture: forward on the left, the gradients on the right, and what each rule needs of the forward."""

from __future__ import annotations

from ...formula import read_by
from ..labels import below, centred, gradient_of, three
from .drawing import GRADIENT, PAPER, QUIET, STYLE, TEXT, Drawing, limits_of
from .render import Picture


class Dual(Drawing):
    """Each Tensor beside its gradient, in one row. Modules are not framed: a row would lie in two frames."""

    per_node = 2

    def picture(self) -> Picture:
        """Arrows forward on the left, gradients back on the right, dotted lines from the arrays that a rule reads."""
        self.ids = {t.number: node.id for t, node in zip(self.graph.tensors, self.graph.nodes, strict=True)}
        summary = self._summary()
        dot = Picture(
            "dW",
            graph_attr={
                "fontname": "Helvetica,Arial,sans-serif", "fontcolor": TEXT, "rankdir": "TB", "bgcolor": PAPER,
                "nodesep": "0.6", "ranksep": "0.35", "fontsize": "10", "labelloc": "b", "tooltip": " ",
                "label": centred([(line, QUIET, 10) for line in below(summary)]), **limits_of(2 * len(self.shown)),
            },
            node_attr={"fontname": "Helvetica,Arial,sans-serif", "fontsize": "12", "margin": "0.1,0.03",
                       "height": "0.3"},
            edge_attr={"fontname": "Helvetica,Arial,sans-serif", "fontsize": "10", "arrowsize": "0.7"},
        )  # fmt: skip
        dot.summary = "\n".join(summary)
        for box in self.shown.values():
            dot.node(box.id, **self._box(box))
            if self._gradient(box.id):
                with dot.subgraph(graph_attr={"rank": "same"}) as row:
                    row.node(f"d{box.id}", **self._mirrored(box.id))
                    row.edge(box.id, f"d{box.id}", style="invis")
        for key, edges in self.arrows.items():
            dot.edge(key[0], key[1], color=QUIET, penwidth="0.8")
            strength = self.strength[key]
            if strength is not None:
                dot.edge(f"d{key[0]}", f"d{key[1]}", **self._arrow(edges, strength))
        for source, target in sorted(self._needed(), key=lambda pair: [int(id[1:]) for id in pair]):
            dot.edge(source, f"d{target}", color=GRADIENT, style="dotted", constraint="false", arrowhead="none")
        return dot

    def _gradient(self, box: str) -> bool:
        nodes = self.shown[box].nodes
        return any(node.id in self.flow.norms for node in nodes)

    def _mirrored(self, box: str) -> dict[str, str]:
        nodes = [node for node in self.shown[box].nodes if node.id in self.flow.norms]
        node = nodes[-1]
        name = gradient_of(node) if len(self.shown[box].nodes) == 1 else f"d {self.shown[box].module}"
        norm = self.look.words.line("norm", three(self.flow.norms[node.id]))
        lines = [(name, GRADIENT, 12), (f"{node.shape}{self.look.words.lines('comma')[0]}{norm}", QUIET, 10)]
        style = {**STYLE["operation"], "fillcolor": PAPER, "color": GRADIENT}
        return {**style, "label": centred(lines)}

    def _needed(self) -> set[tuple[str, str]]:
        """(box, box): the rule that makes the gradient of the second reads the value of the first."""
        found = set()
        for edges in self.arrows.values():
            for e in edges:
                if e.id in self.flow.sent:
                    needed = read_by(self.graph.tensor(e.target), e.position, self.graph.names)
                    found |= {(self.boxes[self.ids[t.number]].id, self.boxes[e.source].id) for t in needed}
        return {(a, b) for a, b in found if a in self.shown}
