// The graphs of the Dag versions that were run last, so that a run that begins does not parse its Dag anew.

import type { DagStore, DagVersion } from "@memodag/core";
import { buildDagGraph, type DagGraph } from "./dag-graph.ts";

/** A version and its graph; neither ever changes. */
export interface VersionGraph {
  readonly version: DagVersion;
  readonly graph: DagGraph;
}

/** Graphs kept in memory, at most. */
const MAX_GRAPHS = 64;

/** Graphs by version id, the latest used last. */
export class VersionGraphs {
  readonly #dags: DagStore;
  readonly #graphs = new Map<number, VersionGraph>();

  constructor(dags: DagStore) {
    this.#dags = dags;
  }

  /** @throws MemodagError `dag_not_found` */
  async get(versionId: number): Promise<VersionGraph> {
    let known = this.#graphs.get(versionId);
    if (!known) {
      const version = await this.#dags.getDagVersion(versionId);
      known = { version, graph: buildDagGraph(version.dag) };
    }
    this.#graphs.delete(versionId);
    this.#graphs.set(versionId, known);
    const [oldest] = this.#graphs.keys();
    if (this.#graphs.size > MAX_GRAPHS && oldest !== undefined) this.#graphs.delete(oldest);
    return known;
  }
}
