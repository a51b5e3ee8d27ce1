// How long the people who look after a cache wait for it, and for how long a purge keeps schedulers waiting.

import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as rest } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RECORD_SORTS, type RecordFilter } from "@memodag/result-cache";
import { fillCache, TEAM } from "../cache/fill-cache.ts";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, timedInTurn, type Report } from "../harness/measurement.ts";
import { openBareQueries, type BareQueries } from "./bare-queries.ts";

/** Entries of the cache; fewer to try it out. */
const ENTRIES = Number(process.env["BENCH_ENTRIES"] ?? 1_000_000);
const REPEATS = 5;
const PAGE = { limit: 101, offset: 0 };
const ANSWERED_WITHIN_MS = 300;
const HELD_UP_MS = 50;
/** How long the other process writes undisturbed, for comparison. */
const IDLE_MS = 5_000;

const COLUMN_OF = {
  age: "created_at",
  size: "size_bytes",
  hits: "hit_count",
  saved: "(hit_count * duration_ms)",
} as const;

/** `npm run bench -- inspect` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const filledAt = Date.now();
    await fillCache(database, 0, ENTRIES);
    const bare = await openBareQueries(database);
    await measureListings(database, bare, report);
    await measureSums(database, bare, report);
    await bare.close();
    await measurePurge(database, filledAt, report);
  });
}

async function measureListings(
  { dialect, metastore }: BenchDatabase,
  bare: BareQueries,
  report: Report,
): Promise<void> {
  const filters: [string, RecordFilter, string][] = [
    ["all", {}, "true"],
    ["a team", { team: TEAM }, `team = '${TEAM}'`],
    [
      "a task",
      { team: TEAM, dagId: "bench", taskId: "t7" },
      `team = '${TEAM}' and dag_id = 'bench' and task_id = 't7'`,
    ],
  ];
  for (const [name, filter, condition] of filters) {
    for (const sort of RECORD_SORTS) {
      const column = COLUMN_OF[sort];
      const floor = `select * from cache_record where ${condition} order by ${column} desc, key desc limit ${PAGE.limit}`;
      await measure(
        `${dialect}: ls --sort ${sort}, first page of ${name}`,
        () => metastore.records.list(filter, { ...PAGE, sort }),
        () => bare.rows(floor),
        report,
      );
    }
  }
}

async function measureSums(
  { dialect, metastore: { records, counters } }: BenchDatabase,
  bare: BareQueries,
  report: Report,
): Promise<void> {
  await measure(
    `${dialect}: stats`,
    () => Promise.all([records.stats({}), counters.list({})]),
    () =>
      bare.rows("select team, dag_id, task_id, count(*), sum(size_bytes) from cache_record group by 1, 2, 3"),
    report,
  );
  const filter = { team: TEAM, dagId: "bench", taskId: "t7" };
  await measure(
    `${dialect}: purge --dry-run of a task`,
    () => Promise.all([records.stats(filter), records.list(filter, { limit: 1_000, offset: 0 })]),
    () =>
      bare.rows(
        "select key from cache_record where team = 'default' and dag_id = 'bench' and task_id = 't7'",
      ),
    report,
  );
}

async function measure(
  name: string,
  work: () => Promise<unknown>,
  floor: () => Promise<unknown>,
  report: Report,
): Promise<void> {
  const { values, floors } = await timedInTurn(REPEATS, work, floor);
  const goal = {
    text: `within ${ANSWERED_WITHIN_MS} ms`,
    isMet: (_: number, value: number) => value <= ANSWERED_WITHIN_MS,
  };
  report(compared(name, "ms", { value: median(values), floor: median(floors) }, goal));
}

/** Half of all entries, while another process writes. */
async function measurePurge(
  { dialect, metastore, location }: BenchDatabase,
  filledAt: number,
  report: Report,
): Promise<void> {
  const url = dialect === "sqlite" ? `sqlite:${location}` : location;
  const idle = await whileWriting(url, () => rest(IDLE_MS));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  // Entry number n was made n tenths of a second before the cache was filled.
  const olderThanMs = Date.now() - filledAt + (ENTRIES / 2) * 100;
  delay.enable();
  const startedAt = performance.now();
  let purged = 0;
  const waits = await whileWriting(url, async () => {
    purged = await metastore.records.purge({ olderThanMs });
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  delay.disable();
  const text = `at most ${HELD_UP_MS} ms`;
  report(absolute(`${dialect}: purge of ${purged} entries`, "entries/s", purged / seconds, null));
  report(
    absolute(`${dialect}: longest block of the purging process`, "ms", delay.max / 1e6, {
      text,
      isMet: (value) => value <= HELD_UP_MS,
    }),
  );
  report(
    compared(
      `${dialect}: longest of ${waits.length} writes of another, ${idle.length} undisturbed`,
      "ms",
      { value: Math.max(...waits), floor: Math.max(...idle) },
      { text, isMet: (_, value) => value <= HELD_UP_MS },
    ),
  );
}

/** Does `work` while another process writes, and resolves to how long its writes took, in milliseconds. */
async function whileWriting(url: string, work: () => Promise<void>): Promise<number[]> {
  const writer = fork(fileURLToPath(new URL("small-writes.ts", import.meta.url)), [url]);
  // Not its exit: that may be heard of before its last message.
  const gone = once(writer, "disconnect").then(() => {
    throw new Error("the process that writes beside it ended without saying how long its writes took");
  });
  await Promise.race([once(writer, "message"), gone]);
  await Promise.race([work(), gone]);
  const answered = once(writer, "message") as Promise<[number[]]>;
  writer.send("over");
  const [waits] = await Promise.race([answered, gone]);
  gone.catch(() => undefined);
  return waits;
}
