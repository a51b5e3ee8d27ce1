// The contract of a record store: a filter means the same to list, count, stats and purge, and its text
// is never a pattern.

import { deepEqual, equal } from "node:assert/strict";
import type { Digest } from "@memodag/core";
import type { NewCacheRecord, RecordFilter, RecordStore } from "../record-store.ts";
import { keyOf, listKeys, putAll, returnValue, sampleRecord } from "./sample-record.ts";
import type { OpenRecordStore, RegisterCase } from "./store-harness.ts";

const HOUR = 3_600_000;

/** Texts that mean one another as patterns, prefixes or without regard to case. */
const LOOKALIKES = ["a_b", "axb", "a%", "a", "ab", "A_B", "a_b_", "%", "_", "a\\_b", "a*b", "a_b "];

/** Fields of a filter that are matched whole, and how to make a record that has such a string there. */
const WHOLE_TEXTS: readonly {
  readonly field: "team" | "dagId" | "taskId" | "sourceHash";
  readonly own: (text: string) => Partial<NewCacheRecord>;
}[] = [
  { field: "team", own: (team) => ({ team }) },
  { field: "dagId", own: (dagId) => ({ dagId }) },
  { field: "taskId", own: (taskId) => ({ taskId }) },
  { field: "sourceHash", own: (sourceHash) => ({ sourceHash }) },
];

export function describeRecordFilters(check: RegisterCase<OpenRecordStore>): void {
  for (const { field, own } of WHOLE_TEXTS) {
    check(`${field} is matched whole`, async ({ store }) => {
      await putAll(
        store,
        LOOKALIKES.map((text) => sampleRecord(text, own(text))),
      );
      for (const text of LOOKALIKES) await means(store, { [field]: text }, [keyOf(text)]);
      for (const text of ["", "b", "a_", "%%", "__"]) await means(store, { [field]: text }, []);
      await purges(store, { [field]: "" }, 0);
      await purges(store, { [field]: "a_b" }, 1);
      await means(store, { [field]: "axb" }, [keyOf("axb")]);
    });
  }

  check("a run is matched whole, and is one of its Dag alone", async ({ store }) => {
    const made = (dagId: string, runId: string) =>
      sampleRecord(`${dagId} ${runId}`, { dagId, producer: { runId, mapIndex: -1, tryNumber: 1 } });
    // Every Dag has a run of that name at that date.
    const sameDate = ["penguins", "geese", "geese_2"].map((dagId) => made(dagId, "scheduled__2026-01-01"));
    await putAll(store, [...sameDate, ...LOOKALIKES.map((runId) => made("penguins", runId))]);
    for (const runId of LOOKALIKES) {
      await means(store, { run: { dagId: "penguins", runId } }, [keyOf(`penguins ${runId}`)]);
      await means(store, { run: { dagId: "geese", runId } }, []);
    }
    const run = { dagId: "geese", runId: "scheduled__2026-01-01" };
    await means(store, { run }, [keyOf("geese scheduled__2026-01-01")]);
    await means(store, { run, dagId: "penguins" }, []);
    await means(store, { run: { ...run, dagId: "" } }, []);
    await purges(store, { run: { ...run, dagId: "g%" } }, 0);
    await purges(store, { run }, 1);
    await means(store, { run: { ...run, dagId: "geese_2" } }, [keyOf("geese_2 scheduled__2026-01-01")]);
  });

  check("a key, and the start of one", async ({ store }) => {
    const names = Array.from({ length: 40 }, (_, index) => `${index}`);
    const keys = names.map(keyOf);
    await putAll(
      store,
      names.map((name) => sampleRecord(name)),
    );
    const [key = ""] = keys;
    const starting = (prefix: string) => keys.filter((each) => each.startsWith(prefix));
    await means(store, { key }, [key]);
    await means(store, { key: keyOf("absent") }, []);
    await means(store, { key: key.slice(0, 63) }, []);
    for (const length of [0, 1, 2, 3, 64]) {
      const keyPrefix = key.slice(0, length);
      await means(store, { keyPrefix }, starting(keyPrefix));
    }
    for (const keyPrefix of ["%", "_", `${key.slice(0, 3)}%`, `_${key.slice(1, 4)}`, `${key}0`, "../"]) {
      await means(store, { keyPrefix }, []);
    }
    const shared = key.slice(0, 1);
    await purges(store, { keyPrefix: shared }, starting(shared).length);
    await purges(store, { keyPrefix: "_" }, 0);
    await means(
      store,
      {},
      keys.toSorted().filter((each) => !each.startsWith(shared)),
    );
  });

  check("older than some age, by the store's clock", async ({ store, passTime }) => {
    for (const name of ["oldest", "older", "young"]) {
      await store.put(sampleRecord(name), "keep-live");
      await passTime(HOUR);
    }
    // Ages are 3, 2 and 1 hours.
    await means(store, { olderThanMs: 3.5 * HOUR }, []);
    await means(store, { olderThanMs: 2.5 * HOUR }, [keyOf("oldest")]);
    await means(store, { olderThanMs: 0 }, ["oldest", "older", "young"].map(keyOf));
    await purges(store, { olderThanMs: 1.5 * HOUR }, 2);
    await means(store, {}, [keyOf("young")]);
  });

  check("expired, and not", async ({ store, passTime }) => {
    await store.put(sampleRecord("short", { ttlMs: HOUR }), "keep-live");
    await store.put(sampleRecord("long", { ttlMs: 4 * HOUR }), "keep-live");
    await store.put(sampleRecord("ever", { ttlMs: null }), "keep-live");
    await means(store, { expired: true }, []);
    await passTime(2 * HOUR);
    await means(store, { expired: true }, [keyOf("short")]);
    await means(store, { expired: false }, [keyOf("long"), keyOf("ever")]);
    await purges(store, { expired: true }, 1);
    await passTime(10_000 * HOUR);
    await purges(store, { expired: true }, 1);
    await means(store, {}, [keyOf("ever")]);
  });

  check("what went, and why, where the store keeps that", async ({ store }) => {
    if ((await store.findRemovals?.("ml", [])) === undefined) return;
    await putAll(store, [sampleRecord("one"), sampleRecord("two"), sampleRecord("one", { team: "ops" })]);
    const causesOf = async (team: string) => {
      const removals = await store.findRemovals?.(team, ["one", "two", "absent"].map(keyOf));
      return Array.from(removals ?? [], ([key, { cause }]) => `${key.slice(0, 4)} ${cause}`).sort();
    };
    deepEqual(await causesOf("ml"), []);
    await store.purge({ team: "ml", key: keyOf("one") });
    await store.purge({ team: "ml", key: keyOf("two") }, "integrity_failed");
    const [one, two] = ["one", "two"].map((name) => keyOf(name).slice(0, 4));
    deepEqual(await causesOf("ml"), [`${one} purged`, `${two} integrity_failed`].sort());
    deepEqual(await causesOf("ops"), []);
    // Gone again, for another reason: the last one counts.
    await store.put(sampleRecord("one"), "keep-live");
    await store.purge({ key: keyOf("one") }, "result_missing");
    deepEqual(await causesOf("ml"), [`${one} result_missing`, `${two} integrity_failed`].sort());
    deepEqual(await causesOf("ops"), [`${one} result_missing`]);
  });

  check("a record, and not the one that took its place", async ({ store, passTime }) => {
    const key = keyOf("one");
    await putAll(store, [sampleRecord("one"), sampleRecord("two"), sampleRecord("one", { team: "ops" })]);
    const read = (await store.find("ml", [key])).get(key);
    const createdAt = read?.createdAt ?? Number.NaN;
    await means(store, { team: "ml", key, createdAt }, [key]);
    await means(store, { team: "ml", key, createdAt: createdAt - 1 }, []);
    await passTime(HOUR);
    equal((await store.put(sampleRecord("one"), "replace")).kind, "stored");
    await purges(store, { team: "ml", key, createdAt }, 0);
    const replaced = (await store.find("ml", [key])).get(key);
    await purges(store, { team: "ml", key, createdAt: replaced?.createdAt ?? Number.NaN }, 1);
    await means(store, { key }, [key]);
  });

  check("several fields narrow together", async ({ store }) => {
    await putAll(store, [
      sampleRecord("both", { dagId: "geese", taskId: "count" }),
      sampleRecord("dag", { dagId: "geese", taskId: "train" }),
      sampleRecord("task", { dagId: "penguins", taskId: "count" }),
    ]);
    await means(store, { dagId: "geese", taskId: "count" }, [keyOf("both")]);
    await means(store, { dagId: "geese", key: keyOf("task") }, []);
    await means(store, { key: keyOf("both"), keyPrefix: keyOf("dag").slice(0, 8) }, []);
    await purges(store, { dagId: "geese", taskId: "count" }, 1);
    await means(store, {}, [keyOf("dag"), keyOf("task")]);
  });

  check("sums are by team, Dag and task, over all XComs", async ({ store }) => {
    const xcoms = [returnValue("one"), { key: "report", digest: keyOf("report"), sizeBytes: 3_000_000_000 }];
    await putAll(store, [
      sampleRecord("1", { xcoms }),
      sampleRecord("2"),
      sampleRecord("3", { taskId: "count" }),
      sampleRecord("4", { dagId: "geese", taskId: "count" }),
      sampleRecord("5", { team: "ops", dagId: "geese", taskId: "count" }),
      sampleRecord("6", { team: "ops", dagId: "geese", taskId: "count", xcoms: [] }),
    ]);
    const expected = [
      ["ml", "geese", "count", 1, 7],
      ["ml", "penguins", "count", 1, 7],
      ["ml", "penguins", "train", 2, 3_000_000_014],
      ["ops", "geese", "count", 2, 7],
    ];
    deepEqual(await sums(store, {}), expected);
    deepEqual(
      await sums(store, { team: "ml", taskId: "count" }),
      expected.filter(([team, , task]) => team === "ml" && task === "count"),
    );
    deepEqual(await sums(store, { dagId: "g%" }), []);
  });
}

/** Checks that list, count and stats take a filter for those records. */
async function means(store: RecordStore, filter: RecordFilter, keys: readonly Digest[]): Promise<void> {
  const told = JSON.stringify(filter);
  deepEqual((await listKeys(store, filter)).sort(), keys.toSorted(), `list ${told}`);
  equal(await store.count(filter), keys.length, `count ${told}`);
  const entries = (await store.stats(filter)).reduce((sum, task) => sum + task.entries, 0);
  equal(entries, keys.length, `stats ${told}`);
}

/** Checks that a purge removes as many as it says, as `count` had said, and no others. */
async function purges(store: RecordStore, filter: RecordFilter, count: number): Promise<void> {
  const told = JSON.stringify(filter);
  const before = await store.count({});
  equal(await store.count(filter), count, `count ${told}`);
  equal(await store.purge(filter), count, `purge ${told}`);
  equal(await store.count(filter), 0, `count after purge ${told}`);
  equal(await store.count({}), before - count, `all after purge ${told}`);
}

async function sums(store: RecordStore, filter: RecordFilter): Promise<unknown[][]> {
  const tasks = await store.stats(filter);
  return tasks
    .map(({ team, dagId, taskId, entries, sizeBytes }) => [team, dagId, taskId, entries, sizeBytes])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
