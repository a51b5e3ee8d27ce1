// Two schedulers and three worker hosts, a Redis and a database, and everything that can happen to them: no run is lost,
// nothing is doubled, and no late result is accepted. See `judge.ts` for what that means.
//
// $CHAOS_SEED gives the Dags and the faults, in their order and with their pauses; $CHAOS_RUNS how many runs there are.
// `npm run chaos` is the long form.

import { TEST_DIALECTS } from "@memodag/metastore/testing";
import { expect, test } from "vitest";
import { runWorkersChaos } from "./workers-chaos.ts";

const SEED = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const LONG_RUNS = Number(process.env["CHAOS_RUNS"] ?? 0);

test.each(TEST_DIALECTS)(
  "runs on workers end as predicted, whatever happens, on %s",
  async (dialect) => {
    const runs = LONG_RUNS || 3;
    const faultsForMs = LONG_RUNS > 0 ? 3_600_000 : 20_000;
    process.stdout.write(`chaos of workers on ${dialect}: CHAOS_SEED=${SEED}, ${runs} runs\n`);
    const startedAt = performance.now();
    const chaos = { dialect, seed: SEED, runs, faultsForMs, patienceMs: 120_000 };
    const { deviations, figures, story } = await runWorkersChaos(chaos);
    if (deviations.length > 0) process.stdout.write(story);
    expect(deviations).toEqual([]);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stdout.write(`chaos of workers on ${dialect}: ${seconds} s, ${JSON.stringify(figures)}\n`);
  },
  LONG_RUNS > 0 ? 3_600_000 : 300_000,
);
