// What an edge of a Dag connects, as an author sees it.

/** A placed task, or a group of tasks. */
export interface GraphNode {
  readonly dagId: string;
  after(...nodes: readonly GraphNodes[]): GraphNode;
  before(...nodes: readonly GraphNodes[]): GraphNode;
}

/** One node or several. */
export type GraphNodes = GraphNode | readonly GraphNode[];
