// Tasks that ask a person, between the scheduler and the database: what wakes them, whose answer counts, and
// what a clear, a mark, a cancellation or a death in the meantime leaves of it.

import { EventEmitter, once } from "node:events";
import {
  digestOfRequest,
  MemodagError,
  silentLogger,
  systemClock,
  type AnswerOutcome,
  type Attempt,
  type AttemptSensor,
  type Clock,
  type DagRun,
  type DagVersion,
  type HumanQuestion,
  type JsonValue,
  type OpenRequest,
  type TaskInstance,
} from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts, clearRun, markRun, triggerRun, type Scheduler } from "@memodag/scheduler";
import { runHitl, type AttemptScope } from "@memodag/sdk/runtime";
import { approval, Dag, hitl } from "memodag";
import { afterAll, beforeAll, describe, expect, test, onTestFinished, vi } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { failed, type Script, type ScriptedExecutor } from "./scripted-executor.ts";

describe.each(TEST_DIALECTS)("a task that asks a person, on %s,", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const newDag = (options = {}): Dag => new Dag(`asking${(dagCount += 1)}`, options);

  /** What a worker does for a task that asks. */
  const asks =
    (dag: Dag): Script =>
    async (attempt: Attempt, args) => {
      const values = new Values({ metadata: metastore.results, clock: systemClock });
      const { runs, humans } = metastore;
      const { askHuman } = answerAttempts({ runs, values, humans, variables: [], env: {} });
      const scope = {
        ...attempt,
        signal: new AbortController().signal,
        log: silentLogger,
        maxValueBytes: 100_000,
        askHuman: async (question: HumanQuestion) => {
          const found = await askHuman?.(attempt, question);
          return found && Buffer.from(JSON.stringify({ response: found.response }));
        },
      } as unknown as AttemptScope;
      try {
        const sensor = attempt.sensor as AttemptSensor;
        const outcome = await runHitl(dag, attempt.taskId, args as Record<string, JsonValue>, scope, sensor);
        if (outcome.kind === "rescheduled") return { ...outcome, durationMs: 1 };
        return { kind: "succeeded", xcoms: outcome.xcoms, durationMs: 1, uncacheable: null, packages: [] };
      } catch (error) {
        return failed((error as Error).message, {
          code: error instanceof MemodagError ? error.code : "task_failed",
        });
      }
    };

  /** A run under a scheduler, and what its instances come to. */
  class Asking {
    readonly run: DagRun;
    readonly version: DagVersion;
    readonly executor: ScriptedExecutor;
    readonly scheduler: Scheduler;
    readonly over: Promise<DagRun>;
    readonly #changes = new EventEmitter();

    constructor(
      run: DagRun,
      version: DagVersion,
      scripts: Readonly<Record<string, Script>>,
      { clock = systemClock, slots = 4 }: { readonly clock?: Clock; readonly slots?: number } = {},
    ) {
      this.run = run;
      this.version = version;
      const listener = {
        instanceChanged: (_: DagRun, instance: TaskInstance) => this.#changes.emit("change", instance),
      };
      // Hours pass at once on a test's clock, in which a lease must not end.
      const scheduling = {
        pollMs: 20,
        poolSlots: new Map([
          ["default_pool", 4],
          ["one", 1],
        ]),
        ...(clock !== systemClock && { leaseMs: 36_000_000 }),
      };
      const made = rig.newScheduler(scripts, { clock, slots, listener, scheduling });
      ({ executor: this.executor, scheduler: this.scheduler } = made);
      this.over = this.scheduler.whenOver(run.id);
      this.scheduler.start();
    }

    /** The open request of the run, once there is one. */
    async asked(): Promise<OpenRequest> {
      const [request] = await this.askedAll(1);
      if (!request) throw new Error("nothing was asked");
      return request;
    }

    /** The open requests of the run, once there are as many. */
    async askedAll(count: number): Promise<OpenRequest[]> {
      for (;;) {
        const changed = once(this.#changes, "change");
        const all = await metastore.humans.listOpenRequests({ dagId: this.run.dagId });
        const own = all.filter(({ runId }) => runId === this.run.runId);
        if (own.length >= count) return own;
        await changed;
      }
    }

    async states(): Promise<Record<string, string>> {
      const instances = await metastore.runs.listTaskInstances(this.run.team, this.run.id);
      return Object.fromEntries(
        instances.map(({ taskId, mapIndex, state }) => [
          mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
          state,
        ]),
      );
    }

    /** Resolves when a task is in a state. */
    async until(taskId: string, state: string): Promise<void> {
      while ((await this.states())[taskId] !== state) await new Promise(setImmediate);
    }

    async ended(): Promise<Record<string, string>> {
      await this.over;
      await this.scheduler.stop(0);
      return await this.states();
    }

    async returned(taskId: string, mapIndex = -1): Promise<JsonValue> {
      const { run, executor } = this;
      return await rig.returned({ run, executor, instances: [], states: {} }, taskId, mapIndex);
    }
  }

  const trigger = async (version: DagVersion): Promise<DagRun> =>
    await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  async function ask(
    dag: Dag,
    scripts: Readonly<Record<string, Script>> = {},
    options = {},
  ): Promise<Asking> {
    const version = await rig.define(dag);
    const hitls = version.dag.tasks
      .filter((task) => task.hitl)
      .map(({ taskId }) => [taskId, asks(dag)] as const);
    return new Asking(await trigger(version), version, { ...Object.fromEntries(hitls), ...scripts }, options);
  }

  const answer = async (
    { run }: Pick<Asking, "run">,
    { taskId, mapIndex, digest }: Pick<OpenRequest, "taskId" | "mapIndex" | "digest">,
    option = "Approve",
    user = "ada",
  ): Promise<AnswerOutcome> =>
    await metastore.humans.answerRequest(
      {
        team: run.team,
        dagRunId: run.id,
        taskId,
        mapIndex,
        digest,
        chosen: [option],
        params: {},
        user: { id: user, name: user },
      },
      {
        actor: { kind: "os_user", name: user, host: "h" },
        action: "approvals.answer",
        team: run.team,
        filter: {},
      },
    );

  /** `first` makes what `ok` shows, and `last` follows it. */
  function approving(options = {}, task = {}): Dag {
    const dag = newDag();
    const first = dag.task("first", () => 0)();
    const subject = ({ n }: { n: number }) => `Ship ${n}?`;
    const ok = dag.task("ok", approval({ subject, ...options }), task)({ n: first });
    ok.before(dag.task("last", () => null)());
    return dag;
  }

  test("waits without a process or a slot, and goes on at once with the answer", async () => {
    const dag = approving({}, { pool: "one", priorityWeight: 9 });
    dag.task("other", () => null, { pool: "one" })();
    const asking = await ask(dag, { first: () => 7 }, { slots: 1 });
    const request = await asking.asked();
    await asking.until("other", "success");
    expect(request.request).toMatchObject({ subject: "Ship 7?", options: ["Approve", "Reject"] });
    expect(request.expiresAt).toBeNull();
    expect(request.digest).toBe(digestOfRequest(request.request));
    expect(await answer(asking, request)).toEqual({ kind: "accepted" });
    const states = await asking.ended();
    expect(new Set(Object.values(states))).toEqual(new Set(["success"]));
    expect(asking.executor.submitted.filter((name) => name === "ok")).toHaveLength(2);
    expect(await asking.returned("ok")).toMatchObject({
      chosen_options: ["Approve"],
      responded_by_user: { id: "ada", name: "ada" },
      timedout: false,
    });
    expect(await metastore.humans.listOpenRequests({ dagId: dag.dagId })).toEqual([]);
  });

  test("keeps its answer through an outage of the database", async () => {
    const clock = new ManualClock(Date.now());
    const dag = approving();
    let outages = 0;
    const { humans } = metastore;
    const find = humans.findOwnRequest.bind(humans);
    // The first lookup after the answer fails, and the one after it does not.
    const spy = vi.spyOn(humans, "findOwnRequest").mockImplementation(async (attempt) => {
      const found = await find(attempt);
      if (found?.response && (outages += 1) === 1) throw new Error("read ECONNRESET");
      return found;
    });
    onTestFinished(() => spy.mockRestore());
    const asking = await ask(dag, { ok: asks(dag) }, { clock });
    await answer(asking, await asking.asked());
    const ticks = setInterval(() => clock.advance(100), 5);
    const states = await asking.ended();
    clearInterval(ticks);
    expect(outages).toBe(2);
    expect(states).toEqual({ first: "success", ok: "success", last: "success" });
    expect(await asking.returned("ok")).toMatchObject({ responded_by_user: { id: "ada" } });
  });

  test("is answered once: of several at once, one is accepted and the others are told whose", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    const people = ["ada", "bob", "cleo", "dan"];
    const outcomes = await Promise.all(
      people.map((user, index) => answer(asking, request, index % 2 ? "Reject" : "Approve", user)),
    );
    const accepted = outcomes.flatMap(({ kind }, index) => (kind === "accepted" ? [people[index]] : []));
    expect(accepted).toHaveLength(1);
    await asking.ended();
    expect(await asking.returned("ok")).toMatchObject({ responded_by_user: { id: accepted[0] } });
    const late = outcomes.filter(({ kind }) => kind !== "accepted");
    expect(late).toMatchObject(
      late.map(() => ({ kind: "answered", response: { user: { id: accepted[0] } } })),
    );
  });

  test("takes an answer while no scheduler runs; the next one goes on with it", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    await asking.scheduler.stop(0);
    expect(await answer(asking, request, "Reject")).toEqual({ kind: "accepted" });
    expect(await answer(asking, request)).toMatchObject({
      kind: "answered",
      response: { chosen: ["Reject"], user: { id: "ada" } },
    });
    const next = new Asking(asking.run, asking.version, { ok: asks(approvingAgain(asking)) });
    expect(await next.ended()).toEqual({ first: "success", ok: "success", last: "skipped" });
    expect(next.executor.submitted).toEqual(["ok"]);
  });

  test("asks anew when it is cleared while it waits, and an answer to what was shown before is refused", async () => {
    let n = 0;
    const asking = await ask(approving(), { first: () => (n += 1) });
    const before = await asking.asked();
    expect(before.request.subject).toBe("Ship 1?");
    await clearRun(metastore.runs, asking, { taskId: "first", downstream: true, useCache: false });
    let after = await asking.asked();
    while (after.digest === before.digest) after = await asking.asked();
    expect(after.request.subject).toBe("Ship 2?");
    expect(await answer(asking, before)).toEqual({ kind: "changed" });
    expect(await answer(asking, after)).toEqual({ kind: "accepted" });
    expect(await asking.ended()).toMatchObject({ ok: "success", last: "success" });
  });

  test("does not keep an answer beyond a clear, although no scheduler has seen it", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    await asking.scheduler.stop(0);
    await answer(asking, request);
    await clearRun(metastore.runs, asking, { taskId: "ok", downstream: true, useCache: true });
    expect(await answer(asking, request)).toEqual({ kind: "closed" });
    const next = new Asking(asking.run, asking.version, { ok: asks(approvingAgain(asking)) });
    const again = await next.asked();
    // What is shown is the same, so an answer to either is one to both.
    expect(again.digest).toBe(request.digest);
    expect(await answer(next, again, "Reject", "bob")).toEqual({ kind: "accepted" });
    expect(await next.ended()).toMatchObject({ ok: "success", last: "skipped" });
    expect(await next.returned("ok")).toMatchObject({ responded_by_user: { id: "bob" } });
  });

  test.each([
    ["success", "success", "success"],
    ["failed", "failed", "upstream_failed"],
    ["skipped", "skipped", "skipped"],
  ] as const)("takes no answer once it was marked %s", async (state, ok, last) => {
    const asking = await ask(approving());
    const request = await asking.asked();
    await markRun(metastore.runs, asking, { taskId: "ok", state, downstream: false });
    expect(await answer(asking, request)).toEqual({ kind: "closed" });
    expect(await asking.ended()).toEqual({ first: "success", ok, last });
    expect(await metastore.humans.listOpenRequests({ dagId: asking.run.dagId })).toEqual([]);
  });

  test("takes no answer once its run was cancelled", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    await metastore.runs.cancelRun(asking.run.team, asking.run.id, {
      taskIds: [],
      error: { code: "run_cancelled", message: "no longer needed" },
    });
    expect(await answer(asking, request)).toEqual({ kind: "closed" });
    await asking.ended();
    expect(await metastore.humans.listOpenRequests({ dagId: asking.run.dagId })).toEqual([]);
  });

  test("takes no answer of another team", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    const theirs = { run: { ...asking.run, team: "others" } };
    expect(await answer(theirs, request)).toEqual({ kind: "closed" });
    expect(await metastore.humans.listOpenRequests({ team: "others" })).toEqual([]);
    await answer(asking, request);
    await asking.ended();
  });

  test("takes its defaults when time runs out, or fails and asks again, by the scheduler's clock", async () => {
    const clock = new ManualClock(Date.now());
    const dag = approving({ defaults: "Reject", responseTimeout: "1h" });
    const asking = await ask(dag, {}, { clock });
    const request = await asking.asked();
    expect((request.expiresAt ?? 0) - (request.askedAt ?? 0)).toBe(3_600_000);
    clock.advance(3_599_000);
    expect(await asking.states()).toMatchObject({ ok: "up_for_reschedule" });
    clock.advance(1_000);
    expect(await asking.ended()).toMatchObject({ ok: "success", last: "skipped" });
    expect(await asking.returned("ok")).toMatchObject({ timedout: true, responded_by_user: null });
    expect(await answer(asking, request)).toMatchObject({
      kind: "answered",
      response: { chosen: ["Reject"], user: null },
    });

    const strict = await ask(
      approving({ responseTimeout: "1h" }, { retries: 1, retryDelay: 60 }),
      {},
      { clock },
    );
    const first = await strict.asked();
    clock.advance(3_600_000);
    await strict.until("ok", "up_for_retry");
    expect(await answer(strict, first)).toEqual({ kind: "closed" });
    clock.advance(60_000);
    const second = await strict.asked();
    expect(await answer(strict, second)).toEqual({ kind: "accepted" });
    // The scheduler hears of it when it polls.
    const ticks = setInterval(() => clock.advance(20), 5);
    await strict.over;
    clearInterval(ticks);
    expect(await strict.ended()).toMatchObject({ ok: "success", last: "success" });
  });

  test("asks for each instance of a mapped task, and each is answered for itself", async () => {
    const dag = newDag();
    const open = dag.task(
      "open",
      hitl({ subject: ({ shop }: { shop: string }) => `Open ${shop}?`, options: ["yes", "no"] }),
    );
    dag
      .task("all", () => null)()
      .after(open.expand({ shop: ["paris", "lyon", "nice"] }));
    const asking = await ask(dag);
    const requests = await asking.askedAll(3);
    expect(requests.map(({ mapIndex, request }) => [mapIndex, request.subject])).toEqual(
      expect.arrayContaining([
        [0, "Open paris?"],
        [1, "Open lyon?"],
        [2, "Open nice?"],
      ]),
    );
    for (const request of requests) await answer(asking, request, request.mapIndex === 1 ? "no" : "yes");
    await asking.ended();
    const chosen = await Promise.all([0, 1, 2].map((index) => asking.returned("open", index)));
    expect(chosen).toMatchObject([
      { chosen_options: ["yes"] },
      { chosen_options: ["no"] },
      { chosen_options: ["yes"] },
    ]);
  });

  test("shows nothing for an attempt that is not the current one", async () => {
    const asking = await ask(approving());
    const request = await asking.asked();
    const late: Attempt = { ...(asking.executor.attempts.at(-1) as Attempt), attemptId: "gone" };
    const opening = { request: request.request, timeoutMs: null };
    await expect(metastore.humans.openRequest(late, opening)).rejects.toThrow(
      /cleared, or its state was set/,
    );
    await expect(metastore.humans.expireRequest(late)).rejects.toThrow(/cleared, or its state was set/);
    await answer(asking, request);
    await asking.ended();
  });

  /** The same Dag as another process reads it. */
  function approvingAgain({ run }: Asking): Dag {
    const dag = new Dag(run.dagId);
    const first = dag.task("first", () => 0)();
    const ok = dag.task("ok", approval({ subject: ({ n }: { n: number }) => `Ship ${n}?` }))({ n: first });
    ok.before(dag.task("last", () => null)());
    return dag;
  }
});
