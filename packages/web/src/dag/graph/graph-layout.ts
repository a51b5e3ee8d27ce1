// Where the nodes of a Dag's graph are, left to right. It runs in a worker: large graphs take their time.

import { Graph, layout } from "@dagrejs/dagre";
import { NODE_HEIGHT, type GraphToLayOut, type LaidOutGraph, type Point } from "./graph.ts";

/** Lays a graph out. */
export function layOut({ nodes, edges }: GraphToLayOut): LaidOutGraph {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranker: "tight-tree", nodesep: 14, ranksep: 46, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width } of nodes) graph.setNode(id, { width, height: NODE_HEIGHT });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: new Map(
      nodes.map(({ id, width: own }) => {
        const { x, y } = graph.node(id) as Point;
        return [id, { x: x - own / 2, y: y - NODE_HEIGHT / 2, width: own }];
      }),
    ),
    edges: edges.map(({ from, to }) => {
      const { points } = graph.edge(from, to) as { points: Point[] };
      return { from, to, points };
    }),
  };
}
