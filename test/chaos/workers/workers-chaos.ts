// One chaos of workers: a database, a Redis, schedulers and hosts, runs of random Dags, and faults until all have ended.

import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DialectName, Metastore } from "@memodag/metastore";
import { RedisServer } from "@memodag/test-servers";
import { openChaosDatabase } from "../chaos-database.ts";
import { dagFileTexts } from "../dag-file-text.ts";
import { drawDag } from "../dag-plan.ts";
import { compareRuns, readDags } from "../predicted-runs.ts";
import { makeProject } from "../project.ts";
import { Random } from "../random.ts";
import { drawFaults, FAULT_KINDS, type Fault, type FaultScale } from "./faults.ts";
import { countFigures, type Figures } from "./figures.ts";
import { keepJournal, readJournal } from "./journal.ts";
import { judge } from "./judge.ts";
import { startCommand } from "./member.ts";
import { readWitness, type WitnessLine } from "./witness.ts";
import { RollingRuns } from "./rolling-runs.ts";
import { WorkerFleet } from "./worker-fleet.ts";

const HEARTBEAT_MS = 8_000;

const HOSTS = 3;
const SCHEDULERS = 2;

/** A fault lasts longer than it takes to count a host as lost. */
const FAULT_SCALE: FaultScale = {
  hosts: HOSTS,
  schedulers: SCHEDULERS,
  longestMs: 1.3 * HEARTBEAT_MS,
  longestRestMs: 2_500,
};

const DAG_SCALE = { longestMs: 3_000, repeats: [1, 1, 100, 3_000], isStamped: true };

const settingsOf = (redis: RedisServer, prefix: string): string => `
[core]
executor = "bullmq"
[executor]
url = "${redis.url}"
prefix = "${prefix}"
link_grace = "1s"
[task_cache]
lookup_timeout = "5s"
[scheduler]
lease = "3s"
poll_interval = "500ms"
heartbeat_timeout = "${HEARTBEAT_MS}ms"
shutdown_grace = "1s"
`;

/** What to do to how many runs. */
export interface WorkersChaos {
  readonly dialect: DialectName;
  readonly seed: number;
  readonly runs: number;
  /** Faults in place of those of the seed. */
  readonly faults?: Iterable<Fault>;
  /** Milliseconds after which no more faults begin. */
  readonly faultsForMs: number;
  /** Milliseconds after the last fault within which all runs must have ended. */
  readonly patienceMs: number;
  /** What `plant.ts` breaks in schedulers, to see it found. */
  readonly plant?: string;
}

/** What was found. */
export interface ChaosReport {
  /** Everything that was lost, doubled, late or wrong, in words. */
  readonly deviations: readonly string[];
  readonly figures: Figures;
  /** What was done, and the last words of the processes, for people. */
  readonly story: string;
}

/** Does it. Everything that it starts has ended when it resolves. */
export async function runWorkersChaos(chaos: WorkersChaos): Promise<ChaosReport> {
  const { dialect, runs: runCount, plant } = chaos;
  const random = new Random(chaos.seed);
  const plans = Array.from({ length: Math.ceil(runCount / 3) }, (_, index) =>
    drawDag(random, `chaos${index}`, DAG_SCALE),
  );
  await using database = await openChaosDatabase(dialect);
  const { metastore } = database;
  await keepJournal(database.url, dialect);
  await using redis = await openRedis();
  const prefix = `p${randomUUID().slice(0, 8)}`;
  const folder = makeProject(database.url, settingsOf(redis.server, prefix));
  const notes = { tries: join(folder, "tries"), witness: join(folder, "witness") };
  for (const path of Object.values(notes)) writeFileSync(path, "");
  mkdirSync(join(folder, "hosts"));
  for (const [name, text] of plans.flatMap((plan) => [...dagFileTexts(plan, notes)]))
    writeFileSync(join(folder, "dags", name), text);
  let fleet: WorkerFleet | undefined;
  try {
    const processor = { name: "processor", folder, args: ["dag-processor"], env: {} };
    const versions = await readDags(() => startCommand(processor), metastore, plans);
    const runs = new RollingRuns(metastore, { plans, versions }, chaos);
    const sizes = { hosts: HOSTS, schedulers: SCHEDULERS };
    fleet = await WorkerFleet.start({
      folder,
      prefix,
      database,
      redis: redis.server,
      ...sizes,
      ...(plant !== undefined && { plant }),
    });
    if (chaos.faults) await allHaveWork(runs, notes.witness);
    await harm(fleet, runs, chaos);
    const open = await patience(metastore, runs, chaos.patienceMs);
    await fleet.stop();
    // Of runs that have not ended there is more to say than anyone would read.
    const compared =
      open.length > 0 ? [] : (await compareRuns(metastore, plans, runs.made, notes.tries)).deviations;
    const journal = await readJournal(database.url);
    const judged = judge({ journal, witness: readWitness(notes.witness), pauses: fleet.pauses });
    return {
      deviations: [...open, ...compared, ...judged],
      figures: countFigures(journal, fleet.begun),
      story: tell(folder, fleet),
    };
  } catch (error) {
    if (fleet) process.stdout.write(tell(folder, fleet));
    throw error;
  } finally {
    await fleet?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openRedis(): Promise<{ server: RedisServer } & AsyncDisposable> {
  const server = await RedisServer.start();
  return { server, [Symbol.asyncDispose]: () => server.stop() };
}

/** Resolves while a body runs on each host: faults that are given meet something. */
async function allHaveWork(runs: RollingRuns, witness: string): Promise<void> {
  while (busyHosts(readWitness(witness)) < HOSTS) {
    if (!(await runs.goOn())) throw new Error("all runs have ended before each host had a body to run");
    await sleep(10);
  }
}

function busyHosts(lines: readonly WitnessLine[]): number {
  const balance = new Map<string, number>();
  for (const { host, what } of lines)
    balance.set(host, (balance.get(host) ?? 0) + (what === "begun" ? 1 : -1));
  return [...balance.values()].filter((open) => open > 0).length;
}

/** Has faults happen until all runs have ended, or it is time for them to end. */
async function harm(
  fleet: WorkerFleet,
  runs: RollingRuns,
  { dialect, seed, faults, faultsForMs }: WorkersChaos,
): Promise<void> {
  const kinds = FAULT_KINDS.filter((kind) => kind !== "crash PostgreSQL" || dialect === "postgres");
  const until = performance.now() + faultsForMs;
  for (const fault of faults ?? drawFaults(new Random(seed + 1), kinds, FAULT_SCALE)) {
    if (performance.now() > until || !(await runs.goOn())) break;
    fleet.begin(fault);
    await sleep(fault.restMs);
  }
  await fleet.calm();
}

/** Returns the runs that have not ended in time: they are lost. */
async function patience({ runs }: Metastore, rolling: RollingRuns, ms: number): Promise<string[]> {
  const until = performance.now() + ms;
  while (await rolling.goOn()) {
    if (performance.now() > until) {
      const listed = await runs.listRuns({ limit: 10_000 });
      return listed
        .filter(({ endedAt }) => endedAt === null)
        .map(
          ({ dagId, runId }) => `lost: run ${runId} of ${dagId} has not ended ${ms} ms after the last fault`,
        );
    }
    await sleep(200);
  }
  return [];
}

const LAST_LINES = 25;

function tell(folder: string, fleet: WorkerFleet): string {
  const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
  const words = logs.map((name) => {
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    return `--- ${name}\n${lines.slice(-LAST_LINES).join("\n")}`;
  });
  return `${fleet.timeline.join("\n")}\nstarted again: ${fleet.restarts}\n${words.join("\n")}\n`;
}
