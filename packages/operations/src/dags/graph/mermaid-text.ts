// A graph as a Mermaid flowchart.

import type { DrawnGraph } from "./drawn-graph.ts";
import { plainLabel } from "./plain-label.ts";

/** The text of a flowchart. Nodes are numbered: words such as `end` and `graph` cannot be ids of Mermaid's. */
export function mermaidText({ nodes, edges }: DrawnGraph): string {
  const numbers = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const cached = nodes.filter(({ isCached }) => isCached).map(({ id }) => numbers.get(id) ?? "");
  return [
    "flowchart LR",
    ...nodes.map(({ id, label }) => `  ${numbers.get(id)}["${escaped(label)}"]`),
    ...edges.map(({ from, to, label }) => {
      const arrow = label === null ? "-->" : `-->|"${escaped(label)}"|`;
      return `  ${numbers.get(from)} ${arrow} ${numbers.get(to)}`;
    }),
    ...(cached.length === 0
      ? []
      : ["  classDef cached stroke-width:3px", `  class ${cached.join(",")} cached`]),
    "",
  ].join("\n");
}

/** Everything that Mermaid, Markdown or HTML could give a meaning, as a character code of Mermaid's. */
const SPECIAL = /[^\p{L}\p{M}\p{N}\p{S}_.\- ]|[<>&`$+=|~^]|[.-](?= )/gu;

function escaped(label: string): string {
  const line = plainLabel(label).replaceAll(/\s+/gu, " ");
  return line.replaceAll(SPECIAL, (character) => `#${character.codePointAt(0)};`);
}
