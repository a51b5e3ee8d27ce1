// A process for one measurement: a scheduler with a run of many instances that end one after another.
// Prints its memory use and the duration of a pass that settles one instance, as one line of JSON.

import {
  AttemptLedger,
  canonicalBytes,
  type Attempt,
  type AttemptStatus,
  type Executor,
  type ExecutorListener,
} from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { median } from "../harness/measurement.ts";
import { BenchRuns } from "./bench-runs.ts";

/** The output of this process. */
export interface InFlight {
  /** Memory use of the process in bytes when all instances exist. */
  readonly rss: number;
  /** Milliseconds from the end of an attempt until it is written and the next one is submitted. */
  readonly settleMs: number;
}

const SLOTS = 16;
const SETTLED = 60;

/** Holds submitted attempts until told to end one. */
class HeldExecutor implements Executor {
  readonly outlives = false;
  readonly #held: Attempt[] = [];
  readonly #ledger = new AttemptLedger();
  #onSubmit: () => void = () => undefined;

  capacity(): number {
    return SLOTS - this.#held.length;
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    if (this.capacity() <= 0) return "full";
    this.#held.push(attempt);
    this.#ledger.begin(attempt);
    this.#ledger.started(attempt.attemptId, { pid: 0 });
    this.#onSubmit();
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  /** Resolves when the slots are full. */
  async whenFull(): Promise<void> {
    while (this.capacity() > 0) await new Promise<void>((resolve) => (this.#onSubmit = resolve));
  }

  /** Ends the oldest attempt. */
  endOne(): void {
    const attempt = this.#held.shift();
    if (!attempt) throw new Error("nothing runs");
    const xcoms = [{ key: "return_value", bytes: canonicalBytes({ at: attempt.mapIndex }) }];
    const outcome = { kind: "succeeded" as const, xcoms, durationMs: 1, uncacheable: null, packages: [] };
    this.#ledger.finished(attempt.attemptId, outcome);
  }

  async cancel(): Promise<void> {}

  async close(): Promise<void> {}
}

const [url = "", count = ""] = process.argv.slice(2);
const metastore = await openMetastore(url);
const executor = new HeldExecutor();
const dagId = `in_flight_${count}_${process.pid}`;
const runs = new BenchRuns(metastore, executor, dagId);
const instances = Number(count);
const dag = new Dag(dagId, { maxActiveTasks: 1_000_000, maxMapLength: instances });
const task = dag.task("t", (({ n }: { n: number }) => n) as (args: { n: number }) => unknown, {
  cache: true,
});
task.expand({ n: Array.from({ length: instances }, (_, index) => index) });
const version = await runs.define(dag);
void runs.run(version);
await executor.whenFull();
const times: number[] = [];
for (let settled = 0; settled < SETTLED; settled += 1) {
  const startedAt = performance.now();
  executor.endOne();
  await executor.whenFull();
  times.push(performance.now() - startedAt);
}
const answer: InFlight = { rss: process.memoryUsage.rss(), settleMs: median(times) };
process.stdout.write(`${JSON.stringify(answer)}\n`);
// The run is left as it is, as if the scheduler had been killed.
process.exit(0);
