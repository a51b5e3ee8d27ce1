// A process for one run of a mapped Dag, so that its memory use is that of the run. Prints its
// measurements as one line of JSON.

import { systemClock } from "@memodag/core";
import { Values } from "@memodag/result-cache";
import { openMetastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";
import { pretendCache } from "./pretended-cache.ts";

/** The output of this process. */
export interface MappedRun {
  /** Instances that were hits. */
  readonly hits: number;
  /** Instances that missed, or whose lookup timed out or failed. */
  readonly others: Readonly<Record<string, number>>;
  readonly ms: number;
  /** Calls to the cache. */
  readonly lookups: number;
  /** Peak memory of the process, in bytes. */
  readonly maxRss: number;
}

/** The default of the config. */
const LOOKUP_TIMEOUT_MS = 500;

// `pretend`: uses a cache that contains everything, with results of the given size in bytes.
const [url = "", dagId = "", count = "", pretend = "", sizeBytes = "80"] = process.argv.slice(2);
const instances = Number(count);
const metastore = await openMetastore(url);
const stores = pretend === "pretend" ? pretendCache(metastore, Number(sizeBytes)) : metastore;
const runs = new BenchRuns(
  {
    runs: metastore.runs,
    dags: metastore.dags,
    records: stores.records,
    results: stores.results,
    // Written for real, wherever hits are from.
    values: new Values({ metadata: metastore.results, clock: systemClock }),
  },
  new PretendedExecutor(),
  dagId,
  pretend === "" ? LOOKUP_TIMEOUT_MS : 60_000,
);
const dag = new Dag(dagId, { maxActiveTasks: 1_000_000, maxMapLength: instances });
const task = dag.task("t", (({ n }: { n: number }) => n) as (args: { n: number }) => unknown, {
  cache: true,
});
task.expand({ n: Array.from({ length: instances }, (_, index) => index) });
const version = await runs.define(dag);
const { run, ms } = await runs.run(version);
const { maxRSS } = process.resourceUsage();
const others: Record<string, number> = {};
let hits = 0;
for (const { cacheStatus } of await metastore.runs.listTaskInstances(run.team, run.id)) {
  if (cacheStatus === "hit") hits += 1;
  else others[cacheStatus ?? "none"] = (others[cacheStatus ?? "none"] ?? 0) + 1;
}
const answer: MappedRun = { hits, others, ms, lookups: run.lookups, maxRss: maxRSS * 1_024 };
process.stdout.write(`${JSON.stringify(answer)}\n`);
await runs.stop();
await metastore.close();
