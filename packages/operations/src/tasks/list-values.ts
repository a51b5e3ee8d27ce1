// Lists the values of a task instance with their sizes, and the beginning of each: a value may be larger than a page shows.

import { readJson } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun } from "../runs/find-run.ts";
import { getInstance } from "./find-instance.ts";
import type { InstanceName } from "./instance-name.ts";

/** Characters of a value that are shown. */
const MOST_TEXT = 65_536;

/** Bytes of a value that is read: the beginning of a larger one would need all of it in memory. */
const MOST_BYTES = 8_388_608;

/** Bytes of all values of an instance that are read, in the order of their keys. */
const MOST_BYTES_READ = 33_554_432;

/** Bytes of a value that is indented to be read by people. */
const MOST_INDENTED = 262_144;

/** A value of a task instance. */
export interface ValueReport {
  /** Its XCom key; `return_value` is what the task returned. */
  readonly key: string;
  /** sha256 of its canonical JSON. */
  readonly digest: string;
  /** Of its canonical JSON. */
  readonly sizeBytes: number;
  /** The store of the config that has it; `null`: the metadata database. */
  readonly store: string | null;
  /** Its JSON, or the beginning of it; `null`: its bytes are gone, or it is too large to be read for this. */
  readonly text: string | null;
  /** False if there is more than `text`. */
  readonly isWhole: boolean;
}

/**
 * Lists the values of an instance by key.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`;
 *   `usage` for a mapped task without an index.
 */
export async function listValues(
  { stores: { runs, dags, values } }: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<ValueReport[]> {
  const run = await getRun({ runs, dags }, name);
  const instance = await getInstance(runs, run, taskId, mapIndex);
  const xcoms = await runs.listXComs(run.team, run.id, { taskId, mapIndex: instance.mapIndex });
  const reports: ValueReport[] = [];
  let left = MOST_BYTES_READ;
  // One after the other: they are in memory only until their beginnings are made.
  for (const { key, digest, sizeBytes, store } of xcoms) {
    const isRead = sizeBytes <= Math.min(MOST_BYTES, left);
    if (isRead) left -= sizeBytes;
    const value = isRead ? (await values.read(run.team, [{ digest, store }])).get(digest) : undefined;
    reports.push({ key, digest, sizeBytes, store, ...beginningOf(value) });
  }
  return reports;
}

/** Indented if it is small: the indentation of deep values is many times their size. */
function beginningOf(value: Uint8Array | undefined): Pick<ValueReport, "text" | "isWhole"> {
  if (!value) return { text: null, isWhole: false };
  const text =
    value.length <= MOST_INDENTED
      ? JSON.stringify(readJson(value), null, 2)
      : Buffer.from(value).toString("utf8");
  return { text: text.slice(0, MOST_TEXT), isWhole: text.length <= MOST_TEXT };
}
