// A graph before and after it is laid out.

/** A graph to lay out. Sizes are pixels. */
export interface GraphToLayOut {
  readonly nodes: readonly { readonly id: string; readonly width: number }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** A graph that is laid out. Nodes are given by their upper left corners, edges by the points that they lead through. */
export interface LaidOutGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, { readonly x: number; readonly y: number; readonly width: number }>;
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly points: readonly Point[];
  }[];
}

/** A point. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The height of a node. */
export const NODE_HEIGHT = 30;
