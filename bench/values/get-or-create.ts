// A hit and a miss of getOrCreate on each store, beside the same reads and writes without a cache around them; and
// eight processes that want the same thousand keys.

import { ValueCache, type ValueAdapter } from "@memodag/value-cache";
import { askCreator, startCreator } from "@memodag/test/value-creators";
import { absolute, compared, type Report } from "../harness/measurement.ts";
import type { BareValues } from "./bare-values.ts";

const KEYS = 500;
const ROUNDS = 5;
const PROCESSES = 8;
const KEYS_OF_ALL = 1_000;
const VALUE = { rate: 1.1, at: "2026-11-03", source: "bank" };

/** Measures one adapter, with calls one after the other. */
export async function measureGetOrCreate(
  name: string,
  adapter: ValueAdapter,
  bare: BareValues,
  goals: { readonly hit: number | null; readonly miss: number | null },
  report: Report,
): Promise<void> {
  const cache = new ValueCache({ name: "bench", adapter });
  const best = { hit: Infinity, bareHit: Infinity, miss: Infinity, bareMiss: Infinity };
  for (let round = 0; round < ROUNDS; round += 1) {
    const keys = Array.from({ length: KEYS }, (_, index) => `${round}/${index}`);
    const timed = async (what: keyof typeof best, work: (key: string) => Promise<unknown>): Promise<void> => {
      const startedAt = performance.now();
      for (const key of keys) await work(key);
      best[what] = Math.min(best[what], (1_000 * (performance.now() - startedAt)) / KEYS);
    };
    await timed("bareMiss", (key) => bare.miss(key, VALUE));
    await timed("miss", (key) => cache.getOrCreate(key, () => VALUE));
    await timed("bareHit", (key) => bare.hit(key));
    await timed("hit", (key) => cache.getOrCreate(key, never));
  }
  await cache.close();
  for (const [what, value, floor] of [
    ["hit", best.hit, best.bareHit],
    ["miss", best.miss, best.bareMiss],
  ] as const) {
    const most = goals[what];
    const goal =
      most === null
        ? null
        : { text: `at most ${most} × ${bare.name}`, isMet: (ratio: number) => ratio <= most };
    report(compared(`getOrCreate on ${name}: ${what}`, "µs", { value, floor }, goal));
  }
}

/** Counts the creations of several processes that ask for the same keys. */
export async function measureProcesses(name: string, url: string, report: Report): Promise<void> {
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => startCreator(url)));
  try {
    const startedAt = performance.now();
    const answers = await Promise.all(processes.map((child) => askCreator(child, { keys: KEYS_OF_ALL })));
    const tookMs = performance.now() - startedAt;
    const created = answers.reduce((sum, answer) => sum + answer.created, 0);
    const what = `${PROCESSES} processes × ${KEYS_OF_ALL.toLocaleString("en")} keys on ${name}`;
    const exactly = { text: "exactly 1", isMet: (value: number) => value === 1 };
    report(absolute(what, "creations a key", created / KEYS_OF_ALL, exactly));
    report(absolute(what, "calls/s", (1_000 * PROCESSES * KEYS_OF_ALL) / tookMs, null));
  } finally {
    for (const child of processes) child.kill("SIGKILL");
  }
}

function never(): never {
  throw new Error("a value that was created is not there");
}
