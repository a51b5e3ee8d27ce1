// Lookups a second, for batches and caches of several sizes, beside the bare driver doing the same reads.

import { sha256, silentLogger, systemClock } from "@memodag/core";
import { ResultCache } from "@memodag/result-cache";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { openBareLookup } from "./bare-lookup.ts";
import { fillCache, keyOf, TEAM } from "./fill-cache.ts";

const SIZES = [1_000, 100_000, 1_000_000];
const BATCHES = [1, 100, 1_000];
const REPEATS = 7;
/** Keys that one measurement looks up, so that a small batch is not measured by one call. */
const KEYS_A_REPEAT = 4_000;
const MOST_CALLS = 1_000;

/** `npm run bench -- cache` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const rates = new Map<string, number>();
    let filled = 0;
    for (const size of SIZES) {
      await fillCache(database, filled, size);
      filled = size;
      for (const batch of BATCHES) {
        const rate = await measure(database, size, batch, report);
        rates.set(`${size} ${batch}`, rate);
      }
    }
    const [least = 0] = SIZES;
    const most = SIZES.at(-1) ?? 0;
    for (const batch of BATCHES) {
      const growth = (rates.get(`${least} ${batch}`) ?? 0) / (rates.get(`${most} ${batch}`) ?? 1);
      report(
        absolute(
          `${database.dialect}: cost at ${most} records over that at ${least}, batches of ${batch}`,
          "times",
          growth,
          {
            text: "at most 1.5 times",
            isMet: (value) => value <= 1.5,
          },
        ),
      );
    }
  });
}

async function measure(
  { dialect, metastore, location }: BenchDatabase,
  size: number,
  batch: number,
  report: Report,
): Promise<number> {
  const cache = new ResultCache({
    records: metastore.records,
    results: metastore.results,
    clock: systemClock,
    log: silentLogger,
    options: {
      lookupTimeoutMs: () => 60_000,
      storeTimeoutMs: () => 60_000,
      maxResultSize: () => 2 ** 24,
      breakerThreshold: 5,
      breakerRestMs: 30_000,
    },
  });
  const bare = await openBareLookup(dialect, location);
  const calls = Math.min(MOST_CALLS, Math.ceil(KEYS_A_REPEAT / batch));
  const values: number[] = [];
  const floors: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
    const batches = Array.from({ length: calls }, (_, call) => keysOf(size, batch, repeat * calls + call));
    let startedAt = performance.now();
    for (const keys of batches) {
      if ((await bare.lookup(keys)) !== batch) throw new Error("the floor missed");
    }
    const floorMs = performance.now() - startedAt;
    startedAt = performance.now();
    for (const keys of batches) {
      const outcome = await cache
        .openPass(TEAM)
        .ask(keys.map((key) => ({ key, ttlMs: null, errorsTtlMs: null })));
      const hits =
        outcome.kind === "answered" ? [...outcome.answers.values()].filter(({ kind }) => kind === "hit") : [];
      if (hits.length !== batch)
        throw new Error(`the cache missed: ${outcome.kind}, ${hits.length} of ${batch}`);
    }
    const ms = performance.now() - startedAt;
    if (repeat === 0) continue;
    floors.push(((calls * batch) / floorMs) * 1_000);
    values.push(((calls * batch) / ms) * 1_000);
  }
  await bare.close();
  const value = median(values);
  const goal =
    batch < 100 ? null : { text: "at least 60 % of the bare driver", isMet: (ratio: number) => ratio >= 0.6 };
  report(
    compared(
      `${dialect}: ${size} records, batches of ${batch}`,
      "keys/s",
      { value, floor: median(floors) },
      goal,
    ),
  );
  return value;
}

/** Keys spread over the whole cache; another set for another number. */
function keysOf(size: number, count: number, number: number): string[] {
  const stride = 7_919;
  return Array.from({ length: count }, (_, index) => keyOf(((number * count + index) * stride) % size)).map(
    (key) => {
      if (key.length !== sha256("").length) throw new Error("not a key");
      return key;
    },
  );
}
