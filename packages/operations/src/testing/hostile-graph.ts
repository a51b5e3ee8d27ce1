// A graph whose names mean something to one of the formats that it is drawn in.

import type { DrawnGraph } from "../dags/graph/drawn-graph.ts";

/** The names. */
export const NAMES: readonly string[] = [
  "end",
  "graph",
  "subgraph",
  "class",
  "node",
  "digraph",
  "-->",
  'say "hi"',
  "a[0]",
  "{b}",
  "(c)",
  "d|e",
  "<script>alert(1)</script>",
  "&amp;",
  "#35;",
  "back\\slash",
  "\\N",
  "`code`",
  "1. one",
  "- two",
  "żółw 🐢 東京",
  "line\nbreak",
  "semi;colon",
  "%% comment",
  "o--o",
  "\u0000\u001b",
  "\ud800",
];

/** One node after the other, each edge with the name of the node that it leads to. */
export const chain: DrawnGraph = {
  title: 'a "title" & <more>',
  nodes: NAMES.map((name) => ({ id: name, label: name, isCached: name.length % 2 === 0 })),
  edges: NAMES.slice(1).map((name, index) => ({ from: NAMES[index] ?? "", to: name, label: name })),
};
