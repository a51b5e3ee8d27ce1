// What tests of run steps share: Dags that others make runs of, and schedulers that run one Dag alone.

import { systemClock, type DagRun, type DagVersion, type JsonObject, type TaskInstance } from "@memodag/core";
import { triggerRun, type SchedulerListener } from "@memodag/scheduler";
import { Dag } from "memodag";
import { SchedulerRig, type RigScheduling, type RigSchedulerOptions } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

/** A handler whose attempts a script ends. */
export const inert: (args: Record<string, unknown>) => unknown = () => null;

/** A poll that no test waits for: what has to be heard of is heard of. */
const SCHEDULING = { pollMs: 3_600_000 };

export class RunStepRig extends SchedulerRig {
  #dagCount = 0;

  newDag(options: object = {}): Dag {
    return new Dag(`stepping${(this.#dagCount += 1)}`, options);
  }

  /** A Dag of one task, `work`, that others make runs of. */
  async defineOther(team = "default", options: object = {}): Promise<DagVersion> {
    const dag = this.newDag(options);
    dag.task("work", inert)({});
    return await this.define(dag, "v1", team);
  }

  async trigger(version: DagVersion, logicalDate: number | null = null): Promise<DagRun> {
    const request = { conf: {}, params: {}, logicalDate, cacheMode: "use" } as const;
    return await triggerRun(this.metastore.runs, systemClock, { version, ...request });
  }

  /** Settings of a scheduler that runs this Dag alone, and what its runs wait for. */
  onlyOf({ team, dagId }: DagVersion): Partial<RigScheduling> {
    return { ...SCHEDULING, dag: { team, dagId } };
  }

  /** A run to its end, in a scheduler that runs its Dag alone, and what it waits for. */
  async runToEnd(
    version: DagVersion,
    scripts: Readonly<Record<string, Script>> = {},
    { slots, scheduling }: Pick<RigSchedulerOptions, "slots" | "scheduling"> = {},
  ) {
    const { id } = await this.trigger(version);
    const { scheduler, executor } = this.newScheduler(scripts, {
      scheduling: { ...this.onlyOf(version), ...scheduling },
      ...(slots !== undefined && { slots }),
    });
    const over = scheduler.whenOver(id);
    scheduler.start();
    const run = await over;
    await scheduler.stop(0);
    const instances = await this.metastore.runs.listTaskInstances(run.team, id);
    return { run, executor, instances, instance: instances.find(({ taskId }) => taskId === "step") };
  }

  async runsOf({ team, dagId }: DagVersion): Promise<DagRun[]> {
    return await this.metastore.runs.listRuns({ team, dagId, limit: 10 });
  }

  /** The XComs of the task `step`. */
  async xcomsOf({ team, id }: DagRun): Promise<JsonObject> {
    const { runs, results } = this.metastore;
    const xcoms = await runs.listXComs(team, id, { taskId: "step", mapIndex: -1 });
    const bytes = await results.read(
      team,
      xcoms.map(({ digest }) => digest),
    );
    return Object.fromEntries(
      xcoms.map(({ key, digest }) => [
        key,
        JSON.parse(Buffer.from(bytes.get(digest) ?? "").toString()) as string,
      ]),
    );
  }
}

/** Resolves when a task has begun to wait. */
export function whenWaiting(): {
  readonly listener: SchedulerListener;
  readonly waiting: Promise<TaskInstance>;
} {
  const seen = Promise.withResolvers<TaskInstance>();
  const listener = {
    instanceChanged(_run: DagRun, instance: TaskInstance) {
      if (instance.state === "up_for_reschedule") seen.resolve(instance);
    },
  };
  return { listener, waiting: seen.promise };
}
