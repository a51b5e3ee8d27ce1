// A graph in the DOT language of Graphviz.

import type { DrawnGraph } from "./drawn-graph.ts";
import { plainLabel } from "./plain-label.ts";

/** The text of a digraph. Every id is a quoted string, so that no word of DOT's is one. */
export function dotText({ title, nodes, edges }: DrawnGraph): string {
  return [
    `digraph ${quoted(title)} {`,
    "  rankdir=LR;",
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ...nodes.map(
      ({ id, label, isCached }) =>
        `  ${quoted(id)} [label=${shown(label)}${isCached ? ", penwidth=2" : ""}];`,
    ),
    ...edges.map(
      ({ from, to, label }) =>
        `  ${quoted(from)} -> ${quoted(to)}${label === null ? "" : ` [label=${shown(label)}]`};`,
    ),
    "}",
    "",
  ].join("\n");
}

/** A label, in which Graphviz would replace entities such as `&amp;`. */
function shown(label: string): string {
  return quoted(label.replaceAll("&", "&amp;"));
}

/** A backslash would begin an escape such as `\N`, also in a quoted string. */
function quoted(text: string): string {
  const plain = plainLabel(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `"${plain.replaceAll(/\r?\n|\r/g, "\\n")}"`;
}
