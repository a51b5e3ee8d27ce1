// Dags and runs for tests to work on.

import {
  UNMAPPED,
  UNTOUCHED,
  sha256,
  type DagRun,
  type NewDagRun,
  type SerializedDag,
  type TaskInstance,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";

/** The artifact of every Dag here. */
export const artifact = { digest: sha256("code"), code: new TextEncoder().encode("code") };

/** A serialized Dag without tasks. */
export function serializedDag(dagId: string, changes: Partial<SerializedDag> = {}): SerializedDag {
  return {
    format: 1,
    dagId,
    description: null,
    schedule: null,
    timezone: "UTC",
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxMapLength: 1024,
    params: {},
    tags: [],
    cache: true,
    artifactDigest: artifact.digest,
    packages: [],
    tasks: [],
    ...changes,
  };
}

/** A Dag file as it is saved. */
export function dagFile(path: string, team = "red", bundle = "main") {
  return { bundle, path, team, fingerprint: "f1", inputs: "{}", warnings: ["slow import"] };
}

/** Saves a Dag in a file of its own and resolves to its version's id. */
export async function saveDag(
  { dags }: Metastore,
  dagId: string,
  team = "red",
  changes: Partial<SerializedDag> = {},
): Promise<number> {
  const file = dagFile(`${dagId}.ts`, team, team);
  await dags.saveDagFile({
    kind: "read",
    file,
    artifact,
    dags: [serializedDag(dagId, changes)],
    sources: [],
  });
  const [version] = await dags.findDagVersions(dagId, team);
  if (!version) throw new Error("the Dag was not saved");
  return version.id;
}

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

/** Bytes of a text with their digest. */
export function bytesOf(text: string): { readonly digest: string; readonly bytes: Uint8Array } {
  return { digest: sha256(text), bytes: new TextEncoder().encode(text) };
}
