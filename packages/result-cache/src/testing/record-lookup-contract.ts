// The contract of record lookups, as tests that a backend of any origin can run: find, put and touch alone.

import { deepEqual, equal } from "node:assert/strict";
import type { PutMode, RecordLookup } from "../record-store.ts";
import { sampleRecord } from "./sample-record.ts";
import { caseOf, type RecordLookupHarness, type RegisterCase, type TestRunner } from "./store-harness.ts";

type Opened = Awaited<ReturnType<RecordLookupHarness["open"]>>;

const TEAM = "ml";
const TEAMS = [TEAM, "ML", "m_", "m%", "mlx", "../ml", "", "."];

/**
 * Registers the contract of {@link RecordLookup} as tests; for backends without a catalog, too.
 *
 * @param name of the backend, for the report
 * @example describeRecordLookup("redis", { open: openRedisRecords }, { describe, test });
 */
export function describeRecordLookup(name: string, harness: RecordLookupHarness, runner: TestRunner): void {
  runner.describe(`${name} as a record lookup`, () => {
    const check = caseOf(runner, harness);
    describeFinding(check);
    describePutting(check);
  });
}

function describeFinding(check: RegisterCase<Opened>): void {
  check("finds what is there among many keys, and nothing else", async ({ store }) => {
    const names = Array.from({ length: 1_001 }, (_, index) => `record ${index}`);
    const records = names.map((name) => sampleRecord(name, { team: TEAM }));
    for (const index of [0, 500, 1_000]) await store.put(records[index] ?? sampleRecord("x"), "keep-live");
    const found = await store.find(
      TEAM,
      records.map(({ key }) => key),
    );
    deepEqual(
      [...found.keys()].toSorted(),
      [0, 500, 1_000].map((index) => records[index]?.key ?? "").toSorted(),
    );
    equal((await store.find(TEAM, [])).size, 0);
  });

  check("a record comes back with all that a hit needs, and its age", async ({ store, passTime }) => {
    const record = sampleRecord("whole", { team: TEAM, validForMs: 60_000 });
    await store.put(record, "keep-live");
    await passTime(5_000);
    const found = (await store.find(TEAM, [record.key])).get(record.key);
    const { team, key, xcoms, error, producer, durationMs, validForMs } = found ?? record;
    const { xcoms: put, producer: by, durationMs: took } = record;
    deepEqual(
      { team, key, xcoms, error, producer, durationMs, validForMs },
      {
        team: TEAM,
        key: record.key,
        xcoms: put,
        error: null,
        producer: by,
        durationMs: took,
        validForMs: 60_000,
      },
    );
    equal(found !== undefined && found.ageMs >= 5_000 && found.ageMs < 60_000, true);
  });

  check("a failure comes back as one", async ({ store }) => {
    const error = { code: "task_failed", message: 'no such file: ü \n"x"' };
    const record = sampleRecord("failed", { team: TEAM, xcoms: [], error });
    await store.put(record, "keep-live");
    deepEqual((await store.find(TEAM, [record.key])).get(record.key)?.error, error);
  });

  check("each team has its own record under a key", async ({ store }) => {
    for (const team of TEAMS)
      await store.put(sampleRecord("shared", { team, durationMs: TEAMS.indexOf(team) + 1 }), "keep-live");
    const { key } = sampleRecord("shared");
    for (const team of TEAMS)
      equal((await store.find(team, [key])).get(key)?.durationMs, TEAMS.indexOf(team) + 1);
    equal((await store.find("other", [key])).size, 0);
  });
}

function describePutting(check: RegisterCase<Opened>): void {
  check("a live record is kept, and its digest named", async ({ store }) => {
    const first = sampleRecord("kept", { team: TEAM, durationMs: 1 });
    deepEqual(await store.put(first, "keep-live"), { kind: "stored" });
    const [returned] = first.xcoms;
    const outcome = await store.put({ ...first, durationMs: 2 }, "keep-live");
    deepEqual(outcome, { kind: "kept", resultDigest: returned?.digest });
    equal(await durationOf(store, first.key), 1);
  });

  check("a record is replaced when that is asked for, or it has expired", async ({ store, passTime }) => {
    const modes: readonly (readonly [string, PutMode, number])[] = [
      ["asked for", "replace", 0],
      ["expired", "keep-live", 2_000],
    ];
    for (const [name, mode, ms] of modes) {
      const record = sampleRecord(name, { team: TEAM, durationMs: 1, ttlMs: 1_000 });
      await store.put(record, "keep-live");
      await passTime(ms);
      deepEqual(await store.put({ ...record, durationMs: 2 }, mode), { kind: "stored" });
      equal(await durationOf(store, record.key), 2);
    }
  });

  check(
    "a record that is not valid any more is replaced, and found until then",
    async ({ store, passTime }) => {
      const record = sampleRecord("invalid", { team: TEAM, durationMs: 1, ttlMs: null, validForMs: 1_000 });
      await store.put(record, "keep-live");
      equal((await store.put({ ...record, durationMs: 2 }, "keep-live")).kind, "kept");
      await passTime(2_000);
      deepEqual(await store.put({ ...record, durationMs: 3 }, "keep-live"), { kind: "stored" });
      equal(await durationOf(store, record.key), 3);
    },
  );

  check("a failure is replaced by a result", async ({ store }) => {
    const failed = sampleRecord("repaired", {
      team: TEAM,
      xcoms: [],
      error: { code: "task_failed", message: "" },
    });
    await store.put(failed, "keep-live");
    const result = sampleRecord("repaired", { team: TEAM });
    deepEqual(await store.put(result, "keep-live"), { kind: "stored" });
    equal((await store.find(TEAM, [failed.key])).get(failed.key)?.error, null);
  });

  check("touching records changes nothing that a lookup sees", async ({ store }) => {
    const record = sampleRecord("touched", { team: TEAM, durationMs: 7 });
    await store.put(record, "keep-live");
    await store.touch(TEAM, []);
    await store.touch(TEAM, [
      { key: record.key, count: 3 },
      { key: sampleRecord("absent").key, count: 1 },
    ]);
    equal(await durationOf(store, record.key), 7);
    equal((await store.find(TEAM, [sampleRecord("absent").key])).size, 0);
  });
}

async function durationOf(store: RecordLookup, key: string): Promise<number | undefined> {
  return (await store.find(TEAM, [key])).get(key)?.durationMs;
}
