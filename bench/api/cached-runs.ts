// A process with a scheduler alone. Forked with the url of a database; each message has it make so many runs that hit,
// one after another, and tell how long they took.

import { openMetastore } from "@memodag/metastore";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { wideDag } from "../scheduler/cached-dags.ts";

/** Tasks of each run. */
export const TASKS = 1_000;

/** So many runs. */
export interface CachedRuns {
  /** Milliseconds. */
  readonly wallMs: number;
  /** Of the processor, in this process. */
  readonly cpuMs: number;
}

/** Message that the first run, which fills the cache, has ended. */
export const READY = "ready";

async function serve(url: string): Promise<void> {
  const metastore = await openMetastore(url);
  const runs = new BenchRuns(metastore);
  const version = await runs.define(wideDag(TASKS));
  await runs.run(version);
  process.on("message", (count: number) => {
    void (async () => {
      const [startedAt, before] = [performance.now(), process.cpuUsage()];
      for (let run = 0; run < count; run += 1) await runs.run(version);
      const { user, system } = process.cpuUsage(before);
      const answer: CachedRuns = { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
      process.send?.(answer);
    })();
  });
  process.send?.(READY);
}

const [, script, url] = process.argv;
if (script === import.meta.filename && url !== undefined) await serve(url);
