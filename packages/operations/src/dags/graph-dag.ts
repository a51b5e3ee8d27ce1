// Draws a Dag: as text for Mermaid or Graphviz, or as an image.

import type { OperationContext } from "../context.ts";
import { getDag, type DagName } from "./find-dag.ts";
import { dotText } from "./graph/dot-text.ts";
import { drawnGraph, type DrawnGraph } from "./graph/drawn-graph.ts";
import { mermaidText } from "./graph/mermaid-text.ts";
import { svgText } from "./graph/svg-text.ts";

/** The formats, the default one first. */
export const GRAPH_FORMATS = ["mermaid", "dot", "svg"] as const;

/** A format. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The Dag to draw. */
export interface GraphDagInput extends DagName {
  readonly format?: GraphFormat | undefined;
}

/** A drawn Dag. */
export interface DagGraphReport {
  readonly dagId: string;
  readonly team: string;
  readonly format: GraphFormat;
  readonly text: string;
}

const WRITERS: Readonly<Record<GraphFormat, (graph: DrawnGraph) => string>> = {
  mermaid: mermaidText,
  dot: dotText,
  svg: svgText,
};

/**
 * Draws the latest version of a Dag.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`.
 */
export async function graphDag(
  { stores }: OperationContext,
  { format = "mermaid", ...name }: GraphDagInput,
): Promise<DagGraphReport> {
  const { team, dag } = await getDag(stores.dags, name);
  return { dagId: dag.dagId, team, format, text: WRITERS[format](drawnGraph(dag)) };
}
