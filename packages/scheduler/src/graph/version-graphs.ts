// A cache of the graphs of the Dag versions that ran last, so that starting a run does not parse its Dag
// again.

import type { DagStore, DagVersion } from "@memodag/core";
import { buildDagGraph, type DagGraph } from "./dag-graph.ts";

/** A version and its graph; both are immutable. */
export interface VersionGraph {
  readonly version: DagVersion;
  readonly graph: DagGraph;
}

/** The graph of a run, and what earlier runs say of it. */
export interface RunGraph extends VersionGraph {
  /** Expected durations from the start of each task to the end of the run, by the tasks' indexes. Absent: unknown. */
  readonly paths?: readonly number[];
}

/** Graphs kept in memory, at most. */
const MAX_GRAPHS = 64;

/** Graphs by version id, least recently used first. */
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
