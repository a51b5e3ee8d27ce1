// The nodes of a Dag's graph, as an author sees them.

/** A placed task, or a group of tasks. */
export interface GraphNode {
  readonly dagId: string;
  after(...nodes: readonly GraphNodes[]): GraphNode;
  before(...nodes: readonly GraphNodes[]): GraphNode;
}

/** One or more nodes. */
export type GraphNodes = GraphNode | readonly GraphNode[];
