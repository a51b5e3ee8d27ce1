// The executor of other machines keeps the contract of executors, with hosts that take attempts from the database; and
// it adopts, loses and repeats as its hosts and its queue come and go.

import { randomUUID } from "node:crypto";
import {
  canonicalBytes,
  readAttemptInputs,
  RETURN_VALUE,
  sha256,
  silentLogger,
  type Attempt,
  type AttemptOutcome,
  type ExecutorEvent,
  type JsonValue,
  type SerializedDag,
} from "@memodag/core";
import { describeExecutor, type AttemptPlan, type OpenExecutor } from "@memodag/executor/testing";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import {
  encodeOutcome,
  RemoteExecutor,
  type DispatchEngine,
  type DispatchNotice,
  type TroubleListener,
} from "@memodag/remote-executor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const LIMITS = { beatMs: 60_000, linkMs: 10_000 };
const ALL = { queues: null, teams: null };

/** A host that runs nothing: attempts return what they take, at once or when they are released. */
class TestHost {
  readonly #metastore: TestMetastore;
  readonly #values = new Map<string, Uint8Array>();
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();
  readonly #underWay = new Set<Promise<void>>();
  #cancelTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  id = "";

  constructor(metastore: TestMetastore) {
    this.#metastore = metastore;
  }

  async register(concurrency = 1_000): Promise<this> {
    this.id = await this.#metastore.workerHosts.register({
      name: "host-1",
      host: "machine",
      pid: 1,
      queues: ["default"],
      concurrency,
      version: "0.1.0",
      node: "v24",
      tokenId: "t",
    });
    this.#cancelTimer = setInterval(() => void this.#takeCancels(), 20);
    return this;
  }

  put(value: JsonValue): { digest: string; sizeBytes: number; store: null } {
    const bytes = canonicalBytes(value);
    const ref = { digest: sha256(bytes), sizeBytes: bytes.length, store: null };
    this.#values.set(ref.digest, bytes);
    return ref;
  }

  gate(attemptId: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(attemptId) ?? Promise.withResolvers<void>();
    gate.promise.catch(() => undefined);
    if (this.#isClosed) gate.reject(new Error("closed"));
    this.#gates.set(attemptId, gate);
    return gate;
  }

  take(attemptId: string): void {
    const run = this.#run(attemptId);
    this.#underWay.add(run);
    void run.finally(() => this.#underWay.delete(run));
  }

  async close(): Promise<void> {
    clearInterval(this.#cancelTimer);
    this.#isClosed = true;
    for (const gate of this.#gates.values()) gate.reject(new Error("closed"));
    await Promise.allSettled(this.#underWay);
  }

  async #run(attemptId: string): Promise<void> {
    const { remoteAttempts } = this.#metastore;
    const answer = await remoteAttempts.start(attemptId, this.id, ALL);
    if (answer.kind === "refused") return;
    const { attempt } = answer.order;
    const outcome = await this.#outcomeOf(attempt);
    await remoteAttempts.end(attemptId, this.id, encodeOutcome(outcome));
  }

  async #outcomeOf(attempt: Attempt): Promise<AttemptOutcome> {
    const input = (await readAttemptInputs(attempt, { read: async () => this.#values })).get("up");
    if (attempt.context.params["waits"]) {
      try {
        await this.gate(attempt.attemptId).promise;
      } catch (error) {
        const stored = error instanceof Cancelled ? error.error : { code: "attempt_lost", message: "" };
        return { kind: "failed", error: stored, durationMs: 0, retryable: true };
      }
    }
    const bytes = input?.kind === "single" ? input.bytes : canonicalBytes(null);
    return {
      kind: "succeeded",
      xcoms: [{ key: RETURN_VALUE, bytes }],
      durationMs: 1,
      uncacheable: null,
      packages: [],
    };
  }

  async #takeCancels(): Promise<void> {
    const notices = await this.#metastore.workerHosts.listNotices([this.id]).catch(() => []);
    for (const { cancel } of notices)
      for (const { attemptId, error } of cancel) this.gate(attemptId).reject(new Cancelled(error));
  }
}

class Cancelled extends Error {
  readonly error: { readonly code: string; readonly message: string };

  constructor(error: { readonly code: string; readonly message: string }) {
    super();
    this.error = error;
  }
}

/** A queue that hands on at once, or holds everything back. */
class TestEngine implements DispatchEngine {
  readonly published: DispatchNotice[] = [];
  readonly #take: (attemptId: string) => void;
  isLossy = false;
  trouble: TroubleListener | undefined;

  constructor(take: (attemptId: string) => void) {
    this.#take = take;
  }

  async publish(notices: readonly DispatchNotice[]): Promise<void> {
    this.published.push(...notices);
    if (!this.isLossy) for (const { attemptId } of notices) this.#take(attemptId);
  }

  async withdraw(): Promise<void> {}

  async listKnown(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  onTrouble(listener: TroubleListener): void {
    this.trouble = listener;
  }

  async close(): Promise<void> {}
}

/** An attempt, and the row of its instance, which names it. */
async function newAttempt(metastore: TestMetastore, value: JsonValue, waits: boolean, host: TestHost) {
  const attempt = attemptOf(randomUUID(), host.put(value), waits);
  await nameAttempt(metastore, attempt);
  return attempt;
}

async function nameAttempt(metastore: TestMetastore, { attemptId, runId }: Attempt): Promise<void> {
  await metastore.execute(
    `insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at)
     select 'default', 'd', '${runId}', 'manual', max(id), 'running', '{}', '{}', 'use', 0 from dag_version`,
  );
  await metastore.execute(
    `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, attempt_id, loss_count)
     select id, 'it', -1, 'queued', 1, 1, '${attemptId}', 0 from dag_run where run_id = '${runId}'`,
  );
}

function attemptOf(
  attemptId: string,
  ref: { readonly digest: string; readonly sizeBytes: number; readonly store: null },
  waits: boolean,
): Attempt {
  return {
    attemptId,
    queue: "default",
    team: "default",
    dagId: "d",
    runId: `run of ${attemptId}`,
    taskId: "it",
    mapIndex: -1,
    tryNumber: 1,
    file: { bundle: "b", path: "d.ts" },
    artifactDigest: sha256(""),
    args: [["value", { kind: "result", taskId: "up", path: [] }]],
    results: [["up", { kind: "single", ref }]],
    context: {
      dag: { dagId: "d" },
      dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
      task: { taskId: "it" },
      taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
      params: { waits },
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: null,
    declaredEnv: null,
    executionTimeoutMs: null,
  };
}

async function open(metastore: TestMetastore, limit: number): Promise<OpenExecutor> {
  let parallelism = limit;
  const host = await new TestHost(metastore).register();
  const naming = new Map<string, Attempt>();
  const engine = new TestEngine((attemptId) => {
    const attempt = naming.get(attemptId);
    naming.delete(attemptId);
    if (attempt) void nameAttempt(metastore, attempt).then(() => host.take(attemptId));
  });
  const executor = newExecutor(metastore, engine, () => parallelism);
  await untilCapacity(executor);
  return {
    executor,
    attempt: ({ value, waits }: AttemptPlan) => {
      const attempt = attemptOf(randomUUID(), host.put(value), waits);
      naming.set(attempt.attemptId, attempt);
      return attempt;
    },
    release: (attemptId) => host.gate(attemptId).resolve(),
    setLimit: (to) => {
      parallelism = to;
      executor.limitsChanged();
    },
    close: async () => {
      await executor.close();
      await host.close();
      await metastore.workerHosts.leave(host.id);
    },
  };
}

function newExecutor(
  metastore: TestMetastore,
  engine: DispatchEngine,
  parallelism: () => number = () => 10,
): RemoteExecutor {
  const { remoteAttempts: store, workerHosts: hosts, changes } = metastore;
  const log = silentLogger;
  return new RemoteExecutor({ store, hosts, changes, engine, parallelism, limits: LIMITS, env: {}, log });
}

async function untilCapacity(executor: RemoteExecutor): Promise<void> {
  await expect.poll(() => executor.capacity("default"), { timeout: 10_000 }).toBeGreaterThan(0);
}

/** The events of an executor, by attempt. */
function hear(executor: RemoteExecutor): { readonly of: (attemptId: string) => ExecutorEvent[] } {
  const events: ExecutorEvent[] = [];
  executor.listen({ onEvent: (event) => void events.push(event), onCapacity: () => undefined });
  return { of: (attemptId) => events.filter((event) => event.attemptId === attemptId) };
}

describe.each(TEST_DIALECTS)("%s", (dialect) => {
  let metastore: TestMetastore;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    await saveDag(metastore);
  });
  afterAll(() => metastore.close());

  describeExecutor("RemoteExecutor", { open: (limit) => open(metastore, limit) }, { describe, test });

  test("publishes what its queue has lost, when another scheduler takes over at the latest", async () => {
    const host = await new TestHost(metastore).register();
    const lossy = new TestEngine((attemptId) => host.take(attemptId));
    lossy.isLossy = true;
    const first = newExecutor(metastore, lossy);
    await untilCapacity(first);
    const { attemptId, ...attempt } = await newAttempt(metastore, 7, false, host);
    await first.submit({ ...attempt, attemptId });
    await first.close();

    await metastore.execute(
      `update remote_attempt set created_at = created_at - 20000 where attempt_id = '${attemptId}'`,
    );
    const engine = new TestEngine((id) => host.take(id));
    const second = newExecutor(metastore, engine);
    const events = hear(second);
    expect(await second.adopt([attemptId, "none"])).toEqual([
      { attemptId, state: "running" },
      { attemptId: "none", state: "unknown" },
    ]);
    await expect
      .poll(() => new Set(events.of(attemptId).map(({ kind }) => kind)), { timeout: 10_000 })
      .toEqual(new Set(["started", "finished"]));
    expect(events.of(attemptId)[0]).toMatchObject({ where: "host-1" });
    await second.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });

  test("goes on after its scheduler, and its end waits for the next one", async () => {
    const host = await new TestHost(metastore).register();
    const first = newExecutor(metastore, new TestEngine((id) => host.take(id)));
    const before = hear(first);
    await untilCapacity(first);
    const attempt = await newAttempt(metastore, "kept", true, host);
    const { attemptId } = attempt;
    await first.submit(attempt);
    await expect.poll(() => before.of(attemptId).length, { timeout: 10_000 }).toBe(1);
    await first.close();
    host.gate(attemptId).resolve();
    await expect
      .poll(async () => (await metastore.remoteAttempts.statuses([attemptId]))[0]?.state)
      .toBe("ended");

    const second = newExecutor(metastore, new TestEngine(() => undefined));
    const after = hear(second);
    expect(await second.adopt([attemptId])).toEqual([{ attemptId, state: "ended" }]);
    await expect.poll(() => after.of(attemptId).at(-1)?.kind).toBe("finished");
    expect(after.of(attemptId).at(-1)).toMatchObject({
      outcome: { kind: "succeeded", xcoms: [{ bytes: Buffer.from(canonicalBytes("kept")) }] },
    });
    await second.settle([attemptId]);
    expect(await metastore.remoteAttempts.statuses([attemptId])).toEqual([]);
    await second.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });

  test("tells that a worker is lost, once, and refuses what comes late", async () => {
    const host = await new TestHost(metastore).register();
    const executor = newExecutor(metastore, new TestEngine((id) => host.take(id)));
    const events = hear(executor);
    await untilCapacity(executor);
    const attempt = await newAttempt(metastore, 1, true, host);
    await executor.submit(attempt);
    await expect.poll(() => events.of(attempt.attemptId).length, { timeout: 10_000 }).toBe(1);
    await metastore.workerHosts.leave(host.id);
    await expect.poll(() => events.of(attempt.attemptId).length, { timeout: 10_000 }).toBe(2);
    expect(events.of(attempt.attemptId)[1]).toMatchObject({ outcome: { error: { code: "worker_lost" } } });
    expect(await metastore.remoteAttempts.end(attempt.attemptId, host.id, encodeOutcome(LATE))).toBe(
      "refused",
    );
    await executor.close();
    await host.close();
  });

  test("gives up an attempt that another scheduler has settled, and its place with it", async () => {
    const host = await new TestHost(metastore).register(1);
    const executor = newExecutor(metastore, new TestEngine((id) => host.take(id)));
    const events = hear(executor);
    await untilCapacity(executor);
    const attempt = await newAttempt(metastore, 1, true, host);
    await executor.submit(attempt);
    await expect.poll(() => events.of(attempt.attemptId).length, { timeout: 10_000 }).toBe(1);
    await metastore.execute(`delete from remote_attempt where attempt_id = '${attempt.attemptId}'`);
    await expect.poll(() => events.of(attempt.attemptId).length, { timeout: 10_000 }).toBe(2);
    expect(events.of(attempt.attemptId)[1]).toMatchObject({ outcome: { error: { code: "attempt_lost" } } });
    await expect.poll(() => executor.capacity("default"), { timeout: 10_000 }).toBe(2);
    await executor.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });

  test("ends an attempt whose worker cannot start", async () => {
    const host = await new TestHost(metastore).register();
    const engine = new TestEngine(() => undefined);
    const executor = newExecutor(metastore, engine);
    const events = hear(executor);
    await untilCapacity(executor);
    const attempt = await newAttempt(metastore, 1, false, host);
    await executor.submit(attempt);
    engine.trouble?.(attempt.attemptId, "ImagePullBackOff");
    await expect.poll(() => events.of(attempt.attemptId).length, { timeout: 10_000 }).toBe(1);
    expect(events.of(attempt.attemptId)[0]).toMatchObject({
      outcome: {
        error: { code: "worker_lost", message: expect.stringContaining("ImagePullBackOff") as string },
      },
    });
    await executor.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });

  test("ends an attempt that no worker started although one came for it, and none that runs", async () => {
    const host = await new TestHost(metastore).register();
    const engine = new TestEngine(() => undefined);
    const executor = newExecutor(metastore, engine);
    const events = hear(executor);
    await untilCapacity(executor);
    const [runs, waits] = [
      await newAttempt(metastore, 1, true, host),
      await newAttempt(metastore, 2, false, host),
    ];
    for (const attempt of [runs, waits]) await executor.submit(attempt);
    host.take(runs.attemptId);
    await expect.poll(() => events.of(runs.attemptId).length, { timeout: 10_000 }).toBe(1);
    for (const { attemptId } of [runs, waits]) engine.trouble?.(attemptId, "exit code 0", "waiting");
    await expect.poll(() => events.of(waits.attemptId).length, { timeout: 10_000 }).toBe(1);
    expect(events.of(waits.attemptId)[0]).toMatchObject({ outcome: { error: { code: "worker_lost" } } });
    host.gate(runs.attemptId).resolve();
    await expect
      .poll(() => events.of(runs.attemptId).at(-1), { timeout: 10_000 })
      .toMatchObject({ outcome: { kind: "succeeded" } });
    await executor.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });

  test("has no place without a living worker of the queue, and two attempts for each", async () => {
    const executor = newExecutor(metastore, new TestEngine(() => undefined));
    await expect.poll(() => executor.capacity("default"), { timeout: 5_000 }).toBe(0);
    const host = await new TestHost(metastore).register(2);
    await expect.poll(() => executor.capacity("default"), { timeout: 5_000 }).toBe(4);
    expect(executor.capacity("gpu")).toBe(0);
    await metastore.workerHosts.drain(host.id);
    await expect.poll(() => executor.capacity("default"), { timeout: 5_000 }).toBe(0);
    await executor.close();
    await host.close();
    await metastore.workerHosts.leave(host.id);
  });
});

/** A version for runs to be of. */
async function saveDag({ dags }: TestMetastore): Promise<void> {
  const file = { bundle: "b", path: "d.ts", team: "default", fingerprint: "f", inputs: "{}", warnings: [] };
  const dag: SerializedDag = {
    format: 1,
    dagId: "d",
    description: null,
    schedule: null,
    timezone: "UTC",
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxMapLength: 1024,
    params: {},
    tags: [],
    cache: true,
    artifactDigest: sha256(""),
    packages: [],
    tasks: [],
  };
  const artifact = { digest: sha256(""), code: new Uint8Array() };
  await dags.saveDagFile({ kind: "read", file, artifact, dags: [dag], sources: [] });
}

const LATE: AttemptOutcome = {
  kind: "failed",
  error: { code: "task_failed", message: "late" },
  durationMs: 1,
  retryable: true,
};
