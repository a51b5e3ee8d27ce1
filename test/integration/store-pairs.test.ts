// Records in one store and results in another: every pair of the stores that need no server keeps the same promises.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Digest } from "@memodag/core";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import {
  ByteResultStore,
  FilesystemByteStore,
  FilesystemRecordStore,
  FilesystemResultStore,
  MemoryByteStore,
  MemoryRecordStore,
  MemoryResultStore,
  NotedResults,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import { Dag } from "@memodag/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

const TEAM = "default";
const inert = (): never => {
  throw new Error("handlers are scripted");
};
const KEYS = ["database", "disk", "memory"] as const;
const RESULTS = ["table", "disk", "files", "memory", "bytes", "noted"] as const;
const PAIRS = KEYS.flatMap((key) => RESULTS.map((result) => ({ id: `${key}_${result}`, key, result })));

let metastore: TestMetastore;
let other: TestMetastore;
let folder: string;
let records: Record<(typeof KEYS)[number], RecordStore>;
let results: Record<(typeof RESULTS)[number], ResultStore>;

beforeAll(async () => {
  metastore = await openTestMetastore("sqlite");
  // Of its own, so that no foreign key keeps bytes that a pair is about to lose.
  other = await openTestMetastore("sqlite");
  folder = mkdtempSync(join(tmpdir(), "memodag-pairs-"));
  records = {
    database: other.records,
    disk: new FilesystemRecordStore(join(folder, "records"), systemClock),
    memory: new MemoryRecordStore(systemClock),
  };
  results = {
    table: other.results,
    disk: new FilesystemResultStore(join(folder, "results"), systemClock),
    files: new ByteResultStore(new FilesystemByteStore(join(folder, "files"), systemClock)),
    memory: new MemoryResultStore(),
    bytes: new ByteResultStore(other.bytes),
    noted: new NotedResults({
      results: new ByteResultStore(new MemoryByteStore()),
      notes: metastore.written,
      store: "noted",
      clock: systemClock,
    }),
  };
});
afterAll(async () => {
  await metastore.close();
  await other.close();
  rmSync(folder, { recursive: true });
});

/** A first task of each pair, and one that needs its value. */
async function define(rig: SchedulerRig): Promise<() => Promise<RigRun>> {
  const dag = new Dag("pairs");
  for (const { id, key, result } of PAIRS) {
    const cache = { keyStorage: key, resultStorage: result };
    const made = dag.task(id, inert as () => string, { cache })();
    dag.task(`of_${id}`, inert as (args: { made: string }) => string, { cache: false })({ made });
  }
  const version = await rig.define(dag);
  let read: Record<string, unknown> = {};
  const scripts = Object.fromEntries(
    PAIRS.flatMap(({ id }): [string, Script][] => [
      [id, () => `value of ${id}`],
      [`of_${id}`, (_, { made }) => (read[id] = made)],
    ]),
  );
  return async (): Promise<RigRun> => {
    read = {};
    const ended = await rig.run(version, scripts, {
      records: metastore.records,
      named: { records, results },
    });
    // Whether it was a hit or not, and wherever it is.
    expect(read).toEqual(each(({ id }) => `value of ${id}`));
    return ended;
  };
}

const statesOf = ({ states }: RigRun): Record<string, string | undefined> =>
  Object.fromEntries(PAIRS.map(({ id }) => [id, states[id]]));
const each = (state: (pair: (typeof PAIRS)[number]) => string): Record<string, string> =>
  Object.fromEntries(PAIRS.map((pair) => [pair.id, state(pair)]));

test("each pair remembers, forgets and loses results alone, and never gives wrong ones", async () => {
  const run = await define(new SchedulerRig(metastore));
  const first = await run();
  expect(statesOf(first)).toEqual(each(() => "success/populated"));
  const second = await run();
  expect(statesOf(second)).toEqual(each(() => "success/hit"));
  expect(Object.values(second.states).filter((state) => state !== "success/hit")).toEqual(
    PAIRS.map(() => "success/disabled"),
  );

  const listed = await Promise.all(
    KEYS.map(async (name) => await records[name].list({}, { limit: 100, offset: 0 })),
  );
  const digestOf = new Map(listed.flat().map(({ taskId, xcoms }) => [taskId, xcoms[0]?.digest as Digest]));

  // Records alone: their tasks run again, and find their bytes there.
  for (const name of KEYS) await records[name].purge({ taskId: `${name}_files` });
  expect(statesOf(await run())).toEqual(
    each(({ result }) => (result === "files" ? "success/populated" : "success/hit")),
  );

  // Bytes that others replaced, or deleted where a store would refuse other bytes.
  for (const { id, result } of PAIRS) {
    const digest = digestOf.get(id) as Digest;
    const isChecked = result === "files" || result === "bytes" || result === "noted";
    if (isChecked) await results[result].delete(TEAM, [digest]);
    else await results[result].write(TEAM, [{ digest, bytes: new TextEncoder().encode('"other"') }]);
  }
  expect(statesOf(await run())).toEqual(each(() => "success/populated"));
  expect(statesOf(await run())).toEqual(each(() => "success/hit"));
});
