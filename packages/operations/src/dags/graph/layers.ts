// Places the nodes of an acyclic graph in layers, so that edges point one way and few of them cross.
//
// After K. Sugiyama, S. Tagawa and M. Toda: "Methods for visual understanding of hierarchical system structures",
// IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981: longest-path layers, edges over several layers cut
// by points in between, and the order within a layer by barycenters.

/** An edge by the numbers of its nodes. */
export type NumberedEdge = readonly [from: number, to: number];

/** Where everything is: layers of numbers in order. */
export interface Layering {
  /** Numbers from `count` on are points of edges, one for each layer that an edge crosses. */
  readonly layers: readonly (readonly number[])[];
  /** The numbers that each edge passes, from its first node to its last. */
  readonly paths: readonly (readonly number[])[];
}

/** How often the order is improved, downwards and upwards; more changes little. */
const SWEEPS = 4;

/** Layers for the nodes 0 to `count - 1`. */
export function inLayers(count: number, edges: readonly NumberedEdge[]): Layering {
  const layerOf = longestPaths(count, edges);
  const layers: number[][] = Array.from({ length: Math.max(0, ...new Set(layerOf)) + 1 }, () => []);
  for (const [node, layer] of layerOf.entries()) layers[layer]?.push(node);
  let next = count;
  const paths = edges.map(([from, to]) => {
    const path = [from];
    for (let layer = (layerOf[from] ?? 0) + 1; layer < (layerOf[to] ?? 0); layer += 1) {
      layers[layer]?.push(next);
      path.push(next);
      next += 1;
    }
    return [...path, to];
  });
  sortLayers(layers, paths, next);
  return { layers, paths };
}

/** The number of edges on the longest path to each node. */
function longestPaths(count: number, edges: readonly NumberedEdge[]): number[] {
  const layerOf = Array.from({ length: count }, () => 0);
  const waiting = Array.from({ length: count }, () => 0);
  const below: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    below[from]?.push(to);
    waiting[to] = (waiting[to] ?? 0) + 1;
  }
  const queue = [...layerOf.keys()].filter((node) => waiting[node] === 0);
  // The queue grows while it is read.
  for (const node of queue) {
    for (const to of below[node] ?? []) {
      layerOf[to] = Math.max(layerOf[to] ?? 0, (layerOf[node] ?? 0) + 1);
      waiting[to] = (waiting[to] ?? 0) - 1;
      if (waiting[to] === 0) queue.push(to);
    }
  }
  return layerOf;
}

function sortLayers(layers: number[][], paths: readonly (readonly number[])[], count: number): void {
  const before: number[][] = Array.from({ length: count }, () => []);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (const path of paths) {
    for (const [index, node] of path.slice(1).entries()) {
      const from = path[index] ?? 0;
      before[node]?.push(from);
      after[from]?.push(node);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const [index, layer] of layers.entries()) sortBy(layer, layers[index - 1], before);
    for (const [index, layer] of [...layers.entries()].toReversed()) sortBy(layer, layers[index + 1], after);
  }
}

/** Sorts a layer by the mean position of each node's neighbours in another; one without any stays where it is. */
function sortBy(
  layer: number[],
  other: readonly number[] | undefined,
  neighbours: readonly number[][],
): void {
  if (other === undefined) return;
  const positions = new Map(other.map((node, index) => [node, index]));
  const weights = new Map(
    layer.map((node, index) => {
      const near = neighbours[node] ?? [];
      const sum = near.reduce((total, neighbour) => total + (positions.get(neighbour) ?? 0), 0);
      return [node, near.length === 0 ? index : sum / near.length];
    }),
  );
  layer.sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
}
