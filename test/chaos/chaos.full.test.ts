// Schedulers, workers and the database are killed and stopped at random; every run must end as if nothing
// had happened.
//
// $CHAOS_SEED gives the Dags, $CHAOS_RUNS how many runs there are. Which process was hit when is not in the
// seed. `npm run chaos` is the long form.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openChaosDatabase } from "./chaos-database.ts";
import { dagFileTexts } from "./dag-file-text.ts";
import { drawDag } from "./dag-plan.ts";
import { Fleet } from "./fleet.ts";
import { compareRuns, countOpenRuns, readDags, triggerRunOf, type PredictedRun } from "./predicted-runs.ts";
import { makeProject } from "./project.ts";
import { Random } from "./random.ts";

const SEED = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const LONG_RUNS = Number(process.env["CHAOS_RUNS"] ?? 0);
const LEASE_MS = 1_500;
const HARM_EVERY_MS = 800;

const SETTINGS = `
[core]
parallelism = 3
[task_cache]
lookup_timeout = "5s"
[scheduler]
lease = "${LEASE_MS}ms"
poll_interval = "500ms"
shutdown_grace = "200ms"
`;

const CASES = [
  { dialect: "postgres", schedulers: 3, runs: LONG_RUNS || 9 },
  { dialect: "sqlite", schedulers: 1, runs: LONG_RUNS || 4 },
] as const;

test.each(CASES)(
  "$schedulers schedulers on $dialect end $runs runs as predicted, whatever is killed",
  async ({ dialect, schedulers, runs: runCount }) => {
    const random = new Random(SEED);
    const plans = Array.from({ length: Math.ceil(runCount / 3) }, (_, index) =>
      drawDag(random, `chaos${index}`),
    );
    await using database = await openChaosDatabase(dialect);
    const { metastore } = database;
    const folder = makeProject(database.url, SETTINGS);
    const notes = join(folder, "tries");
    writeFileSync(notes, "");
    for (const [name, text] of plans.flatMap((plan) => [...dagFileTexts(plan, { tries: notes })]))
      writeFileSync(join(folder, "dags", name), text);
    const fleet = new Fleet(folder, LEASE_MS, database.server);
    try {
      const versions = await readDags(() => fleet.start("dag-processor"), metastore, plans);
      for (let index = 0; index < schedulers; index += 1) fleet.add();
      const runs: PredictedRun[] = [];
      while (runs.length < runCount)
        runs.push(await triggerRunOf(metastore, { plans, versions }, runs.length, random));
      const startedAt = performance.now();
      while ((await countOpenRuns(metastore)) > 0) {
        await sleep(HARM_EVERY_MS);
        await fleet.harm(new Random(Math.floor(Math.random() * 2 ** 32)));
      }
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      await fleet.drain();
      await fleet.workersGone();

      const { deviations, counts } = await compareRuns(metastore, plans, runs, notes);
      expect(deviations).toEqual([]);
      process.stdout.write(
        `chaos on ${dialect}: seed ${SEED}, ${runCount} runs in ${seconds} s, ` +
          `${JSON.stringify({ ...counts, ...fleet.harms })}\n`,
      );
    } catch (error) {
      process.stdout.write(`chaos on ${dialect} failed with CHAOS_SEED=${SEED}\n${fleet.lastWords}\n`);
      throw error;
    } finally {
      fleet.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  LONG_RUNS > 0 ? 1_800_000 : 180_000,
);
