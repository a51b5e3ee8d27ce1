// A map by task and mapIndex. An unmapped task, the most common kind, takes a place in an array and no map.

import { UNMAPPED } from "@memodag/core";
import type { DagNode } from "./dag-graph.ts";

/** At most one value for each instance of one run's tasks. */
export class InstanceMap<T extends object> {
  readonly #unmapped: (T | undefined)[];
  /** By the task's number. */
  readonly #mapped = new Map<number, Map<number, T>>();

  constructor(nodeCount: number) {
    this.#unmapped = Array.from({ length: nodeCount }, () => undefined);
  }

  get(node: DagNode, mapIndex: number): T | undefined {
    return mapIndex === UNMAPPED ? this.#unmapped[node.index] : this.#mapped.get(node.index)?.get(mapIndex);
  }

  set(node: DagNode, mapIndex: number, value: T): void {
    if (mapIndex === UNMAPPED) {
      this.#unmapped[node.index] = value;
      return;
    }
    let ofNode = this.#mapped.get(node.index);
    if (!ofNode) this.#mapped.set(node.index, (ofNode = new Map()));
    ofNode.set(mapIndex, value);
  }

  delete(node: DagNode, mapIndex: number): void {
    if (mapIndex === UNMAPPED) this.#unmapped[node.index] = undefined;
    else this.#mapped.get(node.index)?.delete(mapIndex);
  }

  /** All values, in no particular order. */
  *values(): Generator<T> {
    for (const value of this.#unmapped) if (value) yield value;
    for (const ofNode of this.#mapped.values()) yield* ofNode.values();
  }

  /** The values of a task in no particular order; those of mapped instances with their mapIndex. */
  entriesOf(node: DagNode): (readonly [mapIndex: number, value: T])[] {
    const unmapped = this.#unmapped[node.index];
    const mapped = this.#mapped.get(node.index);
    if (!mapped) return unmapped ? [[UNMAPPED, unmapped]] : [];
    return unmapped ? [[UNMAPPED, unmapped], ...mapped] : [...mapped];
  }
}
