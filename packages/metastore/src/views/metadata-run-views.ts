// Runs as people and programs look at them, in the metadata database. Each query is a file beside this one.

import type {
  InstanceQuery,
  ListedInstances,
  RevisionLook,
  RunRevision,
  RunViews,
  SummedRun,
} from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { listInstances } from "./list-instances.ts";
import { listRevisions } from "./list-revisions.ts";
import { sumUpRuns } from "./sum-up-runs.ts";

/** The views of runs of the metadata database. */
export class MetadataRunViews implements RunViews {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async listRevisions(look: RevisionLook): Promise<RunRevision[]> {
    return await listRevisions(this.#dialect, look);
  }

  async listInstances(
    team: string,
    runId: number,
    query: InstanceQuery,
  ): Promise<ListedInstances | undefined> {
    return await listInstances(this.#dialect, team, runId, query);
  }

  async sumUp(team: string, runIds: readonly number[]): Promise<Map<number, SummedRun>> {
    return await sumUpRuns(this.#dialect, team, runIds);
  }
}
