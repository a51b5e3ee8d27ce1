// Chaos finds what it is for: with one comparison broken, a few faults are enough for it to say so. See `plant.ts`.

import { expect, test } from "vitest";
import type { Fault } from "./faults.ts";
import { runWorkersChaos } from "./workers-chaos.ts";

const NONE = { host: 0, scheduler: 0, cut: "close", ms: 0, restMs: 700 } as const;

/** The queue offers what runs to other hosts, again and again. */
const REPEATED: readonly Fault[] = Array.from({ length: 20 }, () => ({ ...NONE, kind: "repeat attempts" }));

/** Two of three hosts are cut off for longer than it takes to count them as lost, and then bring what they have. */
const CUT_OFF: readonly Fault[] = [0, 1].map((host) => ({
  ...NONE,
  kind: "cut host from API",
  host,
  ms: 11_000,
  restMs: 0,
}));

/** All hosts are killed while they run something. */
const KILLED: readonly Fault[] = [0, 1, 2].map((host) => ({ ...NONE, kind: "kill host", host, restMs: 0 }));

const CASES = [
  { plant: "unconditional start", faults: REPEATED, found: /^doubled: / },
  {
    plant: "unconditional end",
    faults: CUT_OFF,
    found: /^late: the end of attempt .* was recorded over another/,
  },
  { plant: "unnoticed loss", faults: KILLED, found: /^lost: run / },
] as const;

test.each(CASES)("$plant is found", async ({ plant, faults, found }) => {
  const { deviations, story } = await runWorkersChaos({
    dialect: "postgres",
    seed: 1,
    runs: 6,
    faults,
    faultsForMs: 30_000,
    patienceMs: 15_000,
    plant,
  });
  const isFound = deviations.some((deviation) => found.test(deviation));
  if (!isFound) process.stdout.write(story);
  expect(deviations).toContainEqual(expect.stringMatching(found));
});
