// Dags and runs for tests to work on.

import {
  UNMAPPED,
  UNTOUCHED,
  sha256,
  type DagRun,
  type NewDagRun,
  type StoredInstance,
  type TaskInstance,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { saveDag } from "@memodag/metastore/testing";

export { artifact, dagFile, saveDag, serializedDag } from "@memodag/metastore/testing";

/** Saves a Dag and makes a run of it. */
export async function createRun(metastore: Metastore, dagId: string, team = "red"): Promise<DagRun> {
  const dagVersionId = await saveDag(metastore, dagId, team);
  return await metastore.runs.createRun(newRun(dagId, dagVersionId, { team }));
}

/** What makes a run. */
export function newRun(dagId: string, dagVersionId: number, changes: Partial<NewDagRun> = {}): NewDagRun {
  return {
    team: "red",
    dagId,
    runId: "r1",
    runType: "manual",
    dagVersionId,
    logicalDate: null,
    dataIntervalStart: null,
    dataIntervalEnd: null,
    conf: {},
    params: {},
    cacheMode: "use",
    ...changes,
  };
}

/** An instance that nothing has happened to. */
export function instance(taskId: string, changes: Partial<TaskInstance> = {}): TaskInstance {
  return { ...UNTOUCHED, taskId, mapIndex: UNMAPPED, maxTries: 1, ...changes };
}

/** Instances as they are read that were last written by a revision of their run. */
export function asOf(revision: number, ...instances: readonly TaskInstance[]): StoredInstance[] {
  return instances.map((one) => ({ ...one, revision }));
}

/** Bytes of a text with their digest. */
export function bytesOf(text: string): { readonly digest: string; readonly bytes: Uint8Array } {
  return { digest: sha256(text), bytes: new TextEncoder().encode(text) };
}
