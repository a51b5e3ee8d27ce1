// Attempts for workers of other machines: who starts them, who ends them, and what is refused.

import type { Attempt, NewRemoteAttempt, NewWorkerHost, WorkerScope } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDatabaseUrl } from "../src/database-url.ts";
import { openDialect } from "../src/open-dialect.ts";
import { createRun } from "./dags-and-runs.ts";

const ALL: WorkerScope = { queues: null, teams: null };
const LIMITS = { beatMs: 60_000, linkMs: 10_000 };
const OUTCOME = Buffer.from("outcome");
const LOST = Buffer.from("lost");
const HOST: NewWorkerHost = {
  name: "gpu-1",
  host: "machine",
  pid: 7,
  queues: ["gpu"],
  concurrency: 2,
  version: "0.1.0",
  node: "v24.5.0",
  tokenId: "token",
};

describe.each(TEST_DIALECTS)("%s", (dialect) => {
  let metastore: TestMetastore;
  let count = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  /** An attempt that its instance names, and that waits. */
  async function waiting(changes: Partial<Attempt> = {}): Promise<NewRemoteAttempt> {
    count += 1;
    const dagId = `dag-${count}`;
    const attemptId = `attempt-${count}`;
    const team = changes.team ?? "red";
    const run = await createRun(metastore, dagId, team);
    await metastore.execute(
      `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, attempt_id, loss_count)
       values (${run.id}, 't', -1, 'queued', 1, 1, '${attemptId}', 0)`,
    );
    const attempt = { ...attemptOf(attemptId, dagId), ...changes };
    const added = { order: { attempt, env: { REGION: "eu" } }, priority: 1 };
    await metastore.remoteAttempts.add([added]);
    return added;
  }

  async function stateOf(attemptId: string): Promise<string | undefined> {
    return (await metastore.remoteAttempts.statuses([attemptId]))[0]?.state;
  }

  test("starts at one host, with its order, and again for that host alone", async () => {
    const added = await waiting();
    const { attemptId } = added.order.attempt;
    const [first, second] = [
      await metastore.workerHosts.register(HOST),
      await metastore.workerHosts.register(HOST),
    ];
    const { remoteAttempts } = metastore;
    const answers = await Promise.all(
      [first, second, first, second].map((id) => remoteAttempts.start(attemptId, id, ALL)),
    );
    const started = answers.filter(({ kind }) => kind === "started");
    expect(started).toEqual([
      { kind: "started", order: added.order },
      { kind: "started", order: added.order },
    ]);
    expect(answers.filter(({ kind }) => kind === "refused")).toEqual([
      { kind: "refused", reason: "started_elsewhere" },
      { kind: "refused", reason: "started_elsewhere" },
    ]);
    expect(await remoteAttempts.statuses([attemptId, "unknown"])).toEqual([
      {
        attemptId,
        queue: "gpu",
        team: "red",
        dagId: added.order.attempt.dagId,
        taskId: "t",
        priority: 1,
        state: "started",
        worker: "gpu-1",
      },
    ]);
  });

  test("is added once", async () => {
    const added = await waiting();
    const { attemptId } = added.order.attempt;
    const worker = await metastore.workerHosts.register(HOST);
    await metastore.remoteAttempts.start(attemptId, worker, ALL);
    await metastore.remoteAttempts.add([added]);
    expect(await stateOf(attemptId)).toBe("started");
  });

  test("does not start when its instance names another attempt, and says so", async () => {
    const { order } = await waiting();
    await metastore.execute(
      `update task_instance set attempt_id = 'next' where attempt_id = '${order.attempt.attemptId}'`,
    );
    const worker = await metastore.workerHosts.register(HOST);
    expect(await metastore.remoteAttempts.start(order.attempt.attemptId, worker, ALL)).toEqual({
      kind: "refused",
      reason: "superseded",
    });
    expect(await metastore.remoteAttempts.start("none", worker, ALL)).toEqual({
      kind: "refused",
      reason: "unknown",
    });
  });

  test("starts for tokens of its queue and team alone", async () => {
    const worker = await metastore.workerHosts.register(HOST);
    const start = async (scope: WorkerScope) => {
      const { order } = await waiting();
      return await metastore.remoteAttempts.start(order.attempt.attemptId, worker, scope);
    };
    const refused = { kind: "refused", reason: "forbidden" };
    expect(await start({ queues: ["cpu"], teams: null })).toEqual(refused);
    expect(await start({ queues: null, teams: ["blue"] })).toEqual(refused);
    expect(await start({ queues: ["cpu", "gpu"], teams: ["red"] })).toMatchObject({ kind: "started" });
  });

  test("ends once, for the host that has it, and says the same when it is told again", async () => {
    const { order } = await waiting();
    const { attemptId } = order.attempt;
    const { remoteAttempts, workerHosts } = metastore;
    const [mine, other] = [await workerHosts.register(HOST), await workerHosts.register(HOST)];
    expect(await remoteAttempts.end(attemptId, mine, OUTCOME)).toBe("refused");
    await remoteAttempts.start(attemptId, mine, ALL);
    expect(await remoteAttempts.find(attemptId, mine)).toEqual(order);
    expect(await remoteAttempts.find(attemptId, other)).toBeUndefined();
    expect(await remoteAttempts.end(attemptId, other, LOST)).toBe("refused");
    expect(await remoteAttempts.end(attemptId, mine, OUTCOME)).toBe("recorded");
    expect(await remoteAttempts.end(attemptId, mine, LOST)).toBe("recorded");
    expect(await remoteAttempts.find(attemptId, mine)).toBeUndefined();
    const outcomes = await remoteAttempts.outcomes([attemptId]);
    expect(Buffer.from(outcomes.get(attemptId) ?? []).toString()).toBe("outcome");
    expect(await remoteAttempts.start(attemptId, mine, ALL)).toEqual({ kind: "refused", reason: "ended" });
    await remoteAttempts.settle([attemptId]);
    expect(await stateOf(attemptId)).toBeUndefined();
  });

  test("calls that come together are answered as if they came one by one", async () => {
    const { remoteAttempts, workerHosts } = metastore;
    const hosts = [await workerHosts.register(HOST), await workerHosts.register(HOST)];
    const [one = "", other = ""] = hosts;
    const ids = (await Promise.all([1, 2, 3, 4].map(() => waiting()))).map(
      ({ order }) => order.attempt.attemptId,
    );
    const [first = "", second = "", third = "", cpu = ""] = ids;
    const starts = await Promise.all([
      remoteAttempts.start(first, one, ALL),
      remoteAttempts.start(first, other, ALL),
      remoteAttempts.start(second, other, { queues: ["gpu"], teams: ["red"] }),
      remoteAttempts.start("none", one, ALL),
      remoteAttempts.start("no\0ne", one, ALL),
      remoteAttempts.start(third, one, ALL),
      remoteAttempts.start(cpu, one, { queues: ["cpu"], teams: null }),
    ]);
    expect(starts.map(({ kind }) => kind)).toEqual([
      "started",
      "refused",
      "started",
      "refused",
      "refused",
      "started",
      "refused",
    ]);
    expect(starts[0]).toMatchObject({ order: { attempt: { attemptId: first } } });
    expect(starts[2]).toMatchObject({ order: { attempt: { attemptId: second } } });
    const finds = [
      [first, one],
      [first, other],
      [second, other],
    ].map(([id = "", worker = ""]) => remoteAttempts.find(id, worker));
    const found = await Promise.all(finds);
    expect(found.map((order) => order?.attempt.attemptId)).toEqual([first, undefined, second]);
    const ends = await Promise.all([
      remoteAttempts.end(first, one, Buffer.from("of first")),
      remoteAttempts.end(first, other, LOST),
      remoteAttempts.end(second, other, Buffer.alloc(100_000, 7)),
      remoteAttempts.end(third, one, Buffer.from("of third")),
      remoteAttempts.end(third, one, LOST),
      remoteAttempts.end(cpu, one, LOST),
    ]);
    expect(ends).toEqual(["recorded", "refused", "recorded", "recorded", "recorded", "refused"]);
    const outcomes = await remoteAttempts.outcomes(ids);
    const texts = [first, third].map((id) => Buffer.from(outcomes.get(id) ?? []).toString());
    expect(texts).toEqual(["of first", "of third"]);
    expect(outcomes.get(second)?.length).toBe(100_000);
    expect(await stateOf(cpu)).toBe("waiting");
  });

  test("ends with an outcome in parts, and keeps no others", async () => {
    const { order } = await waiting();
    const { attemptId } = order.attempt;
    const { remoteAttempts, workerHosts } = metastore;
    const [mine, other] = [await workerHosts.register(HOST), await workerHosts.register(HOST)];
    const parts = Array.from({ length: 20 }, (_, place) => Buffer.alloc(1_000 + place, place));
    const add = async (upload: string, of = mine): Promise<boolean[]> =>
      await Promise.all(
        parts.map((bytes, place) => remoteAttempts.addOutcomePart(attemptId, of, { upload, place, bytes })),
      );
    await using rows = await openRows(metastore);
    const countParts = async (): Promise<number> =>
      (await rows.kysely.selectFrom("outcome_part").select("place").execute()).length;
    expect((await add("early")).includes(true)).toBe(false);
    await remoteAttempts.start(attemptId, mine, ALL);
    expect((await add("foreign", other)).includes(true)).toBe(false);
    expect([await countParts(), await stateOf(attemptId)]).toEqual([0, "started"]);
    // One whose answer was lost is sent again.
    for (const upload of ["first", "second"]) expect((await add(upload)).includes(false)).toBe(false);
    expect(await remoteAttempts.end(attemptId, other, { upload: "first" })).toBe("refused");
    expect(await remoteAttempts.end(attemptId, mine, { upload: "first" })).toBe("recorded");
    expect(await remoteAttempts.end(attemptId, mine, { upload: "second" })).toBe("recorded");
    expect((await add("late")).includes(true)).toBe(false);
    for (const upload of ["first", "second"]) await remoteAttempts.dropOutcomeParts(attemptId, upload);
    expect(await countParts()).toBe(parts.length);
    const outcome = (await remoteAttempts.outcomes([attemptId])).get(attemptId) ?? Buffer.alloc(0);
    expect(Buffer.concat(parts).equals(outcome)).toBe(true);
    await remoteAttempts.settle([attemptId]);
    expect(await countParts()).toBe(0);
  });

  test("is not settled before it has ended", async () => {
    const { order } = await waiting();
    await metastore.remoteAttempts.settle([order.attempt.attemptId]);
    expect(await stateOf(order.attempt.attemptId)).toBe("waiting");
  });

  test("is cancelled at once while it waits, and asked to end when it runs", async () => {
    const [idle, busy] = [await waiting(), await waiting()].map(({ order }) => order.attempt.attemptId);
    if (!idle || !busy) throw new Error("no attempts");
    const { remoteAttempts, workerHosts } = metastore;
    const worker = await workerHosts.register(HOST);
    await remoteAttempts.start(busy, worker, ALL);
    const error = { code: "attempt_lost", message: "cleared" };
    expect(await remoteAttempts.cancel([idle, busy], error, LOST)).toEqual([idle]);
    expect([await stateOf(idle), await stateOf(busy)]).toEqual(["ended", "started"]);
    expect((await workerHosts.beat(worker, { running: [busy] })).cancel).toEqual([
      { attemptId: busy, error },
    ]);
    expect(await workerHosts.listNotices([worker, "none"])).toEqual([
      { workerId: worker, isDraining: false, cancel: [{ attemptId: busy, error }] },
    ]);
    expect(await remoteAttempts.end(busy, worker, OUTCOME)).toBe("recorded");
    expect(await workerHosts.listNotices([worker])).toEqual([]);
    expect((await workerHosts.beat(worker, { running: [busy] })).cancel).toEqual([]);
  });

  test("is ended if it waits, and not if a host has started it", async () => {
    const { remoteAttempts, workerHosts } = metastore;
    const [waits, started] = [await waiting(), await waiting()].map(({ order }) => order.attempt.attemptId);
    await remoteAttempts.start(started!, await workerHosts.register(HOST), ALL);
    await remoteAttempts.endWaiting([waits!, started!, "unknown"], LOST);
    expect([await stateOf(waits!), await stateOf(started!)]).toEqual(["ended", "started"]);
    expect((await remoteAttempts.outcomes([waits!])).get(waits!)).toEqual(LOST);
  });

  test("counts as waiting for the hosts alone that may start it", async () => {
    const { remoteAttempts } = metastore;
    const queues = [`q-${count}`];
    const find = async (teams: readonly string[] | null, of: readonly string[] | null = queues) =>
      await remoteAttempts.findLongestWait({ queues: of, teams });
    const add = async (team: string, ageMs: number, queue = queues[0]!): Promise<string> => {
      const { attemptId } = (await waiting({ team, queue })).order.attempt;
      await metastore.execute(
        `update remote_attempt set created_at = created_at - ${ageMs} where attempt_id = '${attemptId}'`,
      );
      return attemptId;
    };
    expect(await find(null)).toBeNull();
    const blue = await add("blue", 90_000);
    const red = await add("red", 60_000);
    await add("red", 80_000, "another");
    expect((await find(["red"]))?.waitMs).toBeLessThan(80_000);
    expect((await find(["blue", "red"]))?.waitMs).toBeGreaterThanOrEqual(90_000);
    expect(await find(["green"])).toBeNull();
    expect(await find(null, ["nothing"])).toBeNull();
    expect(await find(["red"], ["another", ...queues])).toMatchObject({ queue: "another" });
    // One that would be refused keeps no host awake: its instance has another attempt.
    await metastore.execute(`update task_instance set attempt_id = 'other' where attempt_id = '${blue}'`);
    expect((await find(null))?.waitMs).toBeLessThan(80_000);
    await remoteAttempts.start(red, await metastore.workerHosts.register(HOST), ALL);
    expect(await find(null)).toBeNull();
  });

  test("is lost with a host that no longer beats, whose link ended, or that left, and with no other", async () => {
    const { remoteAttempts, workerHosts } = metastore;
    const started = async (): Promise<[string, string]> => {
      const { order } = await waiting();
      const worker = await workerHosts.register(HOST);
      await remoteAttempts.start(order.attempt.attemptId, worker, ALL);
      return [order.attempt.attemptId, worker];
    };
    const hosts = [await started(), await started(), await started(), await started(), await started()];
    const [[alive], [silent, silentHost], [cut, cutHost], [back, backHost], [gone, goneHost]] = hosts as [
      [string, string],
      [string, string],
      [string, string],
      [string, string],
      [string, string],
    ];
    await metastore.execute(`update worker_host set beat_at = beat_at - 61000 where id = '${silentHost}'`);
    await workerHosts.linkChanged(cutHost, false);
    await workerHosts.linkChanged(backHost, false);
    await metastore.execute(
      `update worker_host set link_lost_at = link_lost_at - 11000 where id in ('${cutHost}', '${backHost}')`,
    );
    await workerHosts.linkChanged(backHost, true);
    await workerHosts.leave(goneHost);
    const all = hosts.map(([attemptId]) => attemptId);
    expect((await remoteAttempts.endLost(all, LIMITS, LOST)).toSorted()).toEqual(
      [silent, cut, gone].toSorted(),
    );
    expect(await remoteAttempts.end(silent, silentHost, OUTCOME)).toBe("refused");
    expect((await workerHosts.beat(silentHost, { running: [silent] })).lost).toEqual([silent]);
    expect([await stateOf(alive), await stateOf(back)]).toEqual(["started", "started"]);
    const states = new Map((await workerHosts.list(LIMITS)).map(({ id, state }) => [id, state]));
    expect([states.get(cutHost), states.get(backHost), states.get(goneHost)]).toEqual([
      "lost",
      "active",
      undefined,
    ]);
  });

  test("names to a host what it has started a while ago and does not have", async () => {
    const { remoteAttempts, workerHosts } = metastore;
    const worker = await workerHosts.register(HOST);
    const [had, missing, fresh] = await Promise.all(
      ["had", "missing", "fresh"].map(async () => {
        const { attemptId } = (await waiting()).order.attempt;
        await remoteAttempts.start(attemptId, worker, ALL);
        return attemptId;
      }),
    );
    await metastore.execute(
      `update remote_attempt set started_at = started_at - 31000 where attempt_id in ('${had}', '${missing}')`,
    );
    expect((await workerHosts.beat(worker, { running: [had!] })).unnamed).toEqual([missing]);
    expect((await workerHosts.beat(worker, { running: [had!, missing!, fresh!] })).unnamed).toEqual([]);
    await remoteAttempts.end(missing!, worker, LOST);
    expect((await workerHosts.beat(worker, { running: [had!] })).unnamed).toEqual([]);
  });

  test("counts by queue, with the longest wait", async () => {
    const { order } = await waiting({ queue: "counted" });
    await waiting({ queue: "counted" });
    const worker = await metastore.workerHosts.register(HOST);
    await metastore.remoteAttempts.start(order.attempt.attemptId, worker, ALL);
    const counts = await metastore.remoteAttempts.countByQueue();
    const counted = counts.find(({ queue }) => queue === "counted");
    expect(counted).toMatchObject({ waiting: 1, started: 1 });
    expect(counted?.oldestWaitMs).toBeGreaterThanOrEqual(0);
  });

  test("lists those that have waited for long", async () => {
    const { order } = await waiting();
    const { attemptId } = order.attempt;
    expect(await metastore.remoteAttempts.listWaiting([attemptId], 60_000)).toEqual([]);
    expect(await metastore.remoteAttempts.listWaiting([attemptId], 0)).toMatchObject([{ attemptId }]);
  });

  test("removes what no instance names, and nothing that runs", async () => {
    const [named, unnamed, running] = [await waiting(), await waiting(), await waiting()].map(
      ({ order }) => order.attempt.attemptId,
    );
    if (!named || !unnamed || !running) throw new Error("no attempts");
    const worker = await metastore.workerHosts.register(HOST);
    await metastore.remoteAttempts.start(running, worker, ALL);
    await metastore.execute(
      `update task_instance set attempt_id = null where attempt_id in ('${unnamed}', '${running}')`,
    );
    await metastore.remoteAttempts.removeStale(0);
    expect([await stateOf(named), await stateOf(unnamed), await stateOf(running)]).toEqual([
      "waiting",
      undefined,
      "started",
    ]);
  });

  test("drains hosts by name, and removes those that are gone", async () => {
    const { workerHosts } = metastore;
    const id = await workerHosts.register({ ...HOST, name: "drained" });
    expect(await workerHosts.drain("drained")).toBe(1);
    expect(await workerHosts.drain("nothing")).toBe(0);
    expect((await workerHosts.beat(id, { running: [] })).isDraining).toBe(true);
    expect((await workerHosts.list(LIMITS)).find((host) => host.id === id)?.state).toBe("draining");
    await metastore.execute(`update worker_host set beat_at = 0 where id = '${id}'`);
    await workerHosts.removeGone(60_000);
    expect(await workerHosts.beat(id, { running: ["a"] })).toEqual({
      isKnown: false,
      lost: ["a"],
      cancel: [],
      isDraining: false,
    });
  });

  test("finds tokens until they expire or are revoked", async () => {
    const { workerTokens } = metastore;
    const token = { name: "gpu", secretDigest: "d".repeat(64), queues: ["gpu"], teams: null };
    await workerTokens.add({ ...token, id: "t1", validForMs: null });
    await workerTokens.add({ ...token, id: "t2", validForMs: 60_000 });
    await metastore.execute("update worker_token set expires_at = 1 where id = 't2'");
    expect(await workerTokens.find("t1")).toMatchObject({ ...token, expiresAt: null, revokedAt: null });
    expect(await workerTokens.find("t2")).toBeUndefined();
    expect(await workerTokens.revoke("t1")).toBe(true);
    expect(await workerTokens.revoke("t1")).toBe(false);
    expect(await workerTokens.find("t1")).toBeUndefined();
    expect((await workerTokens.list()).map(({ id }) => id)).toEqual(["t1", "t2"]);
    expect(JSON.stringify(await workerTokens.list())).not.toContain(token.secretDigest);
  });

  test("tells watchers of starts and ends, in this process and in others", async () => {
    await using other = await openOther(metastore);
    const heard = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const watches = await Promise.all([
      metastore.changes.watchAttempts(() => heard[0]?.resolve("here")),
      other.changes.watchAttempts(() => heard[1]?.resolve("there")),
    ]);
    const { order } = await waiting();
    const worker = await metastore.workerHosts.register(HOST);
    await metastore.remoteAttempts.start(order.attempt.attemptId, worker, ALL);
    expect(await Promise.all(heard.map(({ promise }) => promise))).toEqual(["here", "there"]);
    await Promise.all(watches.map((watch) => watch.close()));
  });
});

async function openOther(metastore: TestMetastore) {
  const other = await metastore.openAgain();
  return Object.assign(other, { [Symbol.asyncDispose]: () => other.close() });
}

async function openRows({ url }: TestMetastore) {
  const opened = await openDialect(parseDatabaseUrl(url, "/"), {});
  return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
}

function attemptOf(attemptId: string, dagId: string): Attempt {
  return {
    attemptId,
    queue: "gpu",
    team: "red",
    dagId,
    runId: "r1",
    taskId: "t",
    mapIndex: -1,
    tryNumber: 1,
    file: { bundle: "main", path: "d.ts" },
    artifactDigest: "a".repeat(64),
    args: [],
    results: [],
    context: {
      dag: { dagId },
      dagRun: { runId: "r1", runType: "manual", logicalDate: null, conf: {} },
      task: { taskId: "t" },
      taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
      params: {},
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: null,
    declaredEnv: null,
    executionTimeoutMs: null,
  };
}
