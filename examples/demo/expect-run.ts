// Checks what each run of the demo did, so that the demo fails if it does not show what it claims.

import { isHit, nameInstance, type RunReport } from "./run-report.ts";

/** A run differed from the expectation of the demo. */
export class UnmetExpectation extends Error {
  override readonly name = "UnmetExpectation";
}

/**
 * Checks that a run succeeded, that exactly the instances in `ran` ran and were stored, that all others
 * were
 * hits, and that each instance in `ran` took one process.
 * @throws UnmetExpectation naming the first difference
 */
export function expectRun(which: string, run: RunReport, ran: (instance: string) => boolean): void {
  expect(run.state === "success", `${which} ended as ${run.state}`);
  for (const task of run.tasks) {
    const name = nameInstance(task);
    const expected = ran(name) ? "populated" : "hit";
    const found = [task.cacheStatus, task.cacheReason].filter(Boolean).join(": ");
    expect(
      task.cacheStatus === expected,
      `${which}: ${name} is ${found || "not decided"}, expected ${expected}`,
    );
  }
  const attempts = run.tasks.filter((task) => !isHit(task)).length;
  expect(
    run.processesSpawned === attempts,
    `${which} spawned ${run.processesSpawned} processes, expected ${attempts}`,
  );
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new UnmetExpectation(message);
}
