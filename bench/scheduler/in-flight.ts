// A process of its own for one measurement: a scheduler that holds a run of so many instances, of which
// one after another ends. Prints its memory and what a pass that settles one takes, as one line of JSON.

import { canonicalBytes, type Attempt, type Executor, type ExecutorEvent } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { median } from "../harness/measurement.ts";
import { BenchRuns } from "./bench-runs.ts";

/** What this process prints. */
export interface InFlight {
  /** Bytes of memory that the process takes, when all instances are there. */
  readonly rss: number;
  /** Milliseconds from the end of one attempt until it is written and the next one is submitted. */
  readonly settleMs: number;
}

const SLOTS = 16;
const SETTLED = 60;

/** Holds what is submitted until it is told to end one. */
class HeldExecutor implements Executor {
  readonly #held: Attempt[] = [];
  #listener: (event: ExecutorEvent) => void = () => undefined;
  #onSubmit: () => void = () => undefined;

  freeSlots(): number {
    return SLOTS - this.#held.length;
  }

  onEvent(listener: (event: ExecutorEvent) => void): void {
    this.#listener = listener;
  }

  submit(attempt: Attempt): void {
    this.#held.push(attempt);
    this.#listener({ kind: "started", attemptId: attempt.attemptId, pid: 0 });
    this.#onSubmit();
  }

  /** Resolves when the slots are full. */
  async whenFull(): Promise<void> {
    while (this.freeSlots() > 0) await new Promise<void>((resolve) => (this.#onSubmit = resolve));
  }

  /** Ends the oldest attempt. */
  endOne(): void {
    const attempt = this.#held.shift();
    if (!attempt) throw new Error("nothing runs");
    const xcoms = [{ key: "return_value", bytes: canonicalBytes({ at: attempt.mapIndex }) }];
    const outcome = { kind: "succeeded" as const, xcoms, durationMs: 1, uncacheable: null, packages: [] };
    this.#listener({ kind: "finished", attemptId: attempt.attemptId, outcome });
  }

  cancel(): void {}

  async shutdown(): Promise<void> {}
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
// The run is left as it is, like that of a scheduler that was killed.
process.exit(0);
