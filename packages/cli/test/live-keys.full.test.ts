// Every key of the config that says it is live: the file is changed under one scheduler, and what it does changes.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { knownSections } from "@memodag/config";
import { silentLogger, systemClock, type DagRun, type TaskInstance } from "@memodag/core";
import { triggerRun } from "@memodag/scheduler";
import { afterEach, describe, expect, it } from "vitest";
import { lineLogger } from "@memodag/deployment/logging";
import { LiveConfig, loadSettings } from "@memodag/deployment/config";
import { withDeployment, type Deployment } from "@memodag/deployment/stores";
import { openScheduler } from "@memodag/deployment/scheduler";
import type { HostedScheduler } from "@memodag/operations/runs";
import { Project } from "./project.ts";

/** `wide` for slots, `one` for the cache, `slow` for what is under way, `told` for callbacks. */
const DAGS = `import { Dag } from "memodag";
import { setTimeout as rest } from "node:timers/promises";
const wide = new Dag("wide");
for (const name of ["a", "b", "c"]) wide.task(name, () => rest(400))({});
const one = new Dag("one");
one.task("only", (input: { text: string }) => input.text, { cache: true })({ text: "0123456789" });
const part = new Dag("part");
part.task("only", (input: { doc: { text: string } }) => input.doc.text, { cache: { inputs: { doc: ["text"] } } })({
  doc: { text: "0123456789" },
});
const keyed = new Dag("keyed");
keyed.task("only", () => 1, { cache: { key: () => 1 } })({});
const slow = new Dag("slow");
slow.task("only", () => rest(1_500, 1))({});
const told = new Dag("told");
told.task("only", () => 1, { onSuccess: () => rest(2_500) })({});
export { wide, one, part, keyed, slow, told };
`;

/** A backend that takes 400 ms for each call; a forgetful one finds nothing. */
const SLOW_BACKEND = `import { setTimeout as rest } from "node:timers/promises";
import { MemoryRecordStore, MemoryResultStore } from "@memodag/result-cache";
export function openCacheBackend({ clock, options }) {
  const records = new MemoryRecordStore(clock);
  for (const name of ["find", "put"]) {
    const call = records[name].bind(records);
    records[name] = async (...args) => (await rest(400), await call(...args));
  }
  if (options === "forgetful") records.find = async () => new Map();
  return { records, results: new MemoryResultStore(), close: async () => undefined };
}
`;

/** A scheduler that runs in this process, over a config file that a test changes. */
interface Room {
  readonly metadata: Deployment;
  readonly scheduler: HostedScheduler;
  /** What was logged since the file was changed last. */
  logged(): string;
  trigger(dagId: string): Promise<DagRun>;
  /** A run to its end. */
  run(dagId: string): Promise<{ readonly run: DagRun; readonly instances: readonly TaskInstance[] }>;
}

interface LiveKey {
  readonly before: string;
  readonly after: string;
  /** Other keys, as they stand from the beginning. */
  readonly rest?: string;
  readonly observe: (room: Room) => Promise<unknown>;
  /** What is seen while `before` holds, and while `after` does; the former is left out where looking ends it. */
  readonly seen: readonly [before: unknown, after: unknown];
}

const cacheStatus = async (room: Room) => (await room.run("one")).instances[0]?.cacheStatus;

const BACKEND = 'core.task_cache_backend = "./backend.mjs"';

const KEYS: Readonly<Record<string, LiveKey>> = {
  "core.parallelism": {
    before: "1",
    after: "3",
    async observe(room) {
      const { instances } = await room.run("wide");
      const starts = instances.map(({ startedAt }) => startedAt ?? Infinity);
      return instances.filter(({ endedAt }) => (endedAt ?? 0) > Math.max(...starts)).length;
    },
    seen: [1, 3],
  },
  "core.task_caching_enabled": {
    before: "true",
    after: "false",
    observe: cacheStatus,
    seen: ["populated", "disabled"],
  },
  "core.log_level": {
    before: '"error"',
    after: '"info"',
    async observe(room) {
      await room.run("one");
      return room.logged().includes("run claimed");
    },
    seen: [false, true],
  },
  "task_cache.default_ttl": {
    before: '"1ms"',
    after: '"7d"',
    async observe(room) {
      await room.run("one");
      await rest(5);
      return await cacheStatus(room);
    },
    seen: ["populated", "hit"],
  },
  "task_cache.lookup_timeout": {
    before: '"50ms"',
    after: '"30s"',
    rest: BACKEND,
    async observe(room) {
      // After one that was late, the next is a trial that is not waited for.
      const statuses = [await cacheStatus(room)];
      await rest(500);
      statuses.push(await cacheStatus(room));
      return statuses.some((status) => status === "hit" || status === "populated");
    },
    seen: [false, true],
  },
  "task_cache.store_timeout": {
    before: '"50ms"',
    after: '"30s"',
    rest: `${BACKEND}\ntask_cache.backend_options = "forgetful"`,
    async observe(room) {
      const statuses = [await cacheStatus(room)];
      await rest(500);
      statuses.push(await cacheStatus(room));
      return statuses.includes("populated");
    },
    seen: [false, true],
  },
  "task_cache.max_result_size": {
    before: '"3B"',
    after: '"1KiB"',
    observe: cacheStatus,
    seen: ["uncacheable", "populated"],
  },
  "task_cache.max_input_size": {
    before: '"3B"',
    after: '"1KiB"',
    observe: cacheStatus,
    seen: ["uncacheable", "populated"],
  },
  "task_cache.max_projected_size": {
    before: '"3B"',
    after: '"1KiB"',
    observe: async (room) => (await room.run("part")).instances[0]?.cacheStatus,
    seen: ["uncacheable", "populated"],
  },
  "task_cache.recheck": {
    before: '"0%"',
    after: '"100%"',
    async observe(room) {
      await room.run("part");
      return (await room.run("part")).instances[0]?.cacheStatus;
    },
    seen: ["hit", "miss"],
  },
  "task_cache.key_timeout": {
    before: '"1ms"',
    after: '"30s"',
    observe: async (room) => (await room.run("keyed")).instances[0]?.cacheStatus,
    seen: ["uncacheable", "populated"],
  },
  "task_cache.max_size": {
    before: '"1GiB"',
    after: '"1B"',
    rest: 'task_cache.gc_interval = "1s"',
    async observe(room) {
      await room.run("one");
      await rest(1_200);
      return (await room.metadata.records.stats({})).reduce((sum, { entries }) => sum + entries, 0);
    },
    seen: [1, 0],
  },
  "scheduler.poll_interval": {
    before: '"1h"',
    after: '"100ms"',
    async observe(room) {
      // What it looks for when it starts, and when a run ends, is over by then.
      await room.run("one");
      await rest(500);
      // Made on the scheduler's own connection and told to no one: only looking finds it.
      const run = await room.trigger("one");
      return await Promise.race([room.scheduler.whenOver(run.id).then(() => "found"), rest(1_500, "unseen")]);
    },
    seen: ["unseen", "found"],
  },
  "scheduler.max_runs": {
    before: "1",
    after: "3",
    async observe(room) {
      const runs = [await room.trigger("slow"), await room.trigger("slow")];
      const over = Promise.all(runs.map(({ id }) => room.scheduler.whenOver(id)));
      room.scheduler.wake();
      let most = 0;
      const looking = setInterval(() => (most = Math.max(most, room.scheduler.heldRuns.length)), 20);
      await over;
      clearInterval(looking);
      return most;
    },
    seen: [1, 2],
  },
  "scheduler.callback_timeout": {
    before: '"1s"',
    after: '"30s"',
    async observe(room) {
      await room.run("told");
      await room.scheduler.whenCallbacksCalled();
      return room.logged().includes("a callback failed");
    },
    seen: [true, false],
  },
  "worker.warm_processes": { before: "0", after: "3", observe: hasProcessesAhead, seen: [false, true] },
  "worker.warm_memory": {
    before: '"0B"',
    after: '"1GiB"',
    rest: "worker.warm_processes = 3",
    observe: hasProcessesAhead,
    seen: [false, true],
  },
  "scheduler.shutdown_grace": {
    before: '"0ms"',
    after: '"30s"',
    async observe(room) {
      const run = await room.trigger("slow");
      room.scheduler.wake();
      const instance = async () => (await room.metadata.runs.listTaskInstances(run.team, run.id))[0];
      await expect.poll(async () => (await instance())?.state, { timeout: 20_000 }).toBe("running");
      await room.scheduler.stop();
      return (await instance())?.state;
    },
    seen: [undefined, "success"],
  },
};

/** True if processes wait for attempts once a run has ended. */
async function hasProcessesAhead(room: Room): Promise<boolean> {
  await room.run("wide");
  for (let looks = 0; looks < 30; looks += 1) {
    await rest(100);
    if (looks > 10 && listNodeChildren().length > 0) return true;
  }
  return false;
}

function listNodeChildren(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return name !== undefined && /^(node|MainThread)/.test(name) && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}

/** Sections whose keys are changed together, in `live-retention.full.test.ts`. */
const ELSEWHERE = ["retention", "dag_retention"];

/** The keys that the schema marks. */
const LIVE_KEYS = [...knownSections.values()].flatMap(({ name, keys }) =>
  ELSEWHERE.includes(name)
    ? []
    : [...keys].filter(([, { live }]) => live === true).map(([key]) => `${name}.${key}`),
);

describe("keys marked as live", () => {
  let project: Project;
  let logged = "";

  afterEach(() => {
    project.remove();
  });

  it.each(LIVE_KEYS)("%s takes effect in a scheduler that is running", async (key) => {
    const { before, after, rest: others = "", observe, seen } = KEYS[key] ?? unknownKey(key);
    const text = (value: string) =>
      `${others}\n${key} = ${value}\n[[bundles]]\nname = "dags"\npath = "dags"\n`;
    project = new Project(text(before));
    const file = join(project.folder, "memodag.toml");
    writeFileSync(join(project.folder, "backend.mjs"), SLOW_BACKEND);
    writeFileSync(join(project.folder, "dags/live.ts"), DAGS);
    expect(await project.run("dags", "run", "slow")).toMatchObject({ code: 0 });
    const loaded = await loadSettings({ config: file });
    await withDeployment({ loaded, log: silentLogger }, async (metadata) => {
      const live = new LiveConfig(metadata.loaded);
      const log = lineLogger(
        (line) => (logged += `${line}\n`),
        () => live.config.core.logLevel,
      );
      const scheduler = await openScheduler(metadata, { live, log });
      const room = roomOf(metadata, scheduler, () => logged);
      logged = "";
      scheduler.start();
      try {
        const initially = seen[0] === undefined ? undefined : await observe(room);
        expect(initially).toEqual(seen[0]);
        logged = "";
        const running = live.loaded;
        writeFileSync(file, text(after));
        await expect.poll(() => live.loaded !== running, { timeout: 20_000 }).toBe(true);
        expect(await observe(room)).toEqual(seen[1]);
      } finally {
        await scheduler.stop();
      }
    });
  });
});

function unknownKey(key: string): never {
  throw new Error(`${key} is marked as live: say here what changes with it`);
}

function roomOf(metadata: Deployment, scheduler: HostedScheduler, logged: () => string): Room {
  const trigger = async (dagId: string) => {
    const [version] = await metadata.dags.findDagVersions(dagId);
    if (!version) throw new Error(`Dag ${dagId} was not read`);
    const request = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
    return await triggerRun(metadata.runs, systemClock, request);
  };
  return {
    metadata,
    scheduler,
    logged,
    trigger,
    async run(dagId) {
      const run = await trigger(dagId);
      const over = scheduler.whenOver(run.id);
      scheduler.wake();
      await over;
      return { run, instances: await metadata.runs.listTaskInstances(run.team, run.id) };
    },
  };
}
