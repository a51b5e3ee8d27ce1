// The cost of open pages to the scheduler: cached runs while ten pages are open, beside the same without them.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Workspace } from "@memodag/test/workspace";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { TASKS, type CachedRuns } from "./cached-runs.ts";
import type { Watched } from "./watchers.ts";

const WATCHERS = 10;
const RUNS = 20;
const REPEATS = 5;
const CONFIG = "[api]\nport = 0\n";

/** `npm run bench -- api` */
export async function benchmark(report: Report): Promise<void> {
  const workspace = new Workspace({ config: CONFIG, dags: {} });
  const children: ChildProcess[] = [];
  const start = (script: string, ...args: string[]): ChildProcess => {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), args);
    children.push(child);
    return child;
  };
  try {
    await workspace.memodag(["db", "migrate"]);
    const tokens: string[] = [];
    for (let place = 0; place < WATCHERS; place += 1) {
      const made = await workspace.json<{ token: string }>("tokens", "make", "--name", `watcher ${place}`);
      tokens.push(made.token);
    }
    const api = workspace.start("api-server");
    await api.says("the API listens");
    const [, url = ""] = /the API listens.* url=(\S+)/.exec(api.stderr) ?? [];
    const scheduler = start("cached-runs.ts", workspace.databaseUrl);
    await once(scheduler, "message");
    const watchers = start("watchers.ts", url, ...tokens);
    const [alone, watched]: [CachedRuns[], CachedRuns[]] = [[], []];
    const [asked, apiMs]: [number[], number[]] = [[], []];
    for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
      const without = await tell<CachedRuns>(scheduler, RUNS);
      const before = cpuMsOf(api.pid);
      await tell(watchers, WATCHERS);
      const beside = await tell<CachedRuns>(scheduler, RUNS);
      const { asked: count } = await tell<Watched>(watchers, 0);
      // The first one loads code.
      if (repeat === 0) continue;
      alone.push(without);
      watched.push(beside);
      asked.push(count);
      apiMs.push((cpuMsOf(api.pid) - before) / (beside.wallMs / 1_000));
    }
    const rate = (runs: readonly CachedRuns[]): number =>
      median(runs.map(({ wallMs }) => (RUNS * TASKS * 1_000) / wallMs));
    const cpu = (runs: readonly CachedRuns[]): number => median(runs.map(({ cpuMs }) => cpuMs / RUNS));
    const goal = "within 5 %";
    report(
      compared(
        `sqlite: fully cached while ${WATCHERS} watch, beside none`,
        "hits/s",
        { value: rate(watched), floor: rate(alone) },
        { text: goal, isMet: (ratio) => ratio >= 0.95 },
      ),
    );
    report(
      compared(
        "sqlite: the scheduler's processor time for a run, likewise",
        "ms",
        { value: cpu(watched), floor: cpu(alone) },
        { text: goal, isMet: (ratio) => ratio <= 1.05 },
      ),
    );
    report(absolute("sqlite: questions of all who watch", "1", median(asked), null));
    report(absolute("sqlite: the API's processor time for them, a second", "ms", median(apiMs), null));
  } finally {
    for (const child of children) child.kill();
    await workspace.remove();
  }
}

async function tell<T>(child: ChildProcess, message: number): Promise<T> {
  const answer = once(child, "message");
  child.send(message);
  const [value] = (await answer) as [T];
  return value;
}

const TICKS_PER_SECOND = 100;

/** Processor time of a process so far, in milliseconds. */
function cpuMsOf(pid: number | undefined): number {
  // The name of the program, in parentheses, may have spaces.
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) /);
  const [user, system] = fields.split(" ").slice(11, 13);
  return ((Number(user) + Number(system)) * 1_000) / TICKS_PER_SECOND;
}
