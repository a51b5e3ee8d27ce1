// Worker hosts as real processes over a real API and database: what they run and report, and what happens when a
// process, a host, the network or the API goes away.

import { readFile } from "node:fs/promises";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  systemClock,
  type Attempt,
  type AttemptOutcome,
  type InputRef,
  type KeyedSurroundings,
} from "@memodag/core";
import { LocalSurroundings } from "@memodag/executor";
import { FreezingProxy } from "@memodag/metastore/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiRig, type RigToken } from "./api-rig.ts";
import { encodeLost } from "./encode-lost.ts";
import { HostRig, type TestHost } from "./host-rig.ts";

let rig: ApiRig;
let hosts: HostRig;
let token: RigToken;

async function open(settings: Parameters<typeof ApiRig.open>[1] = {}): Promise<void> {
  rig = await ApiRig.open("sqlite", settings);
  hosts = new HostRig(rig);
  token = await rig.token({ teams: ["red"] });
}

beforeEach(async () => await open());
afterEach(async () => {
  await hosts[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** A task that writes its process id into a file of the bundle's folder, and goes on until it is ended. */
function endless(rigOf: ApiRig, what = "await new Promise((done) => setTimeout(done, 600_000));"): string {
  return rigOf.artifact(`
    import { writeFileSync } from "node:fs";
    dag.task("it", async () => {
      const { signal } = getContext();
      writeFileSync("pid", String(process.pid));
      ${what}
      return "done";
    })({});`);
}

async function pidOf(name = "pid"): Promise<number> {
  const path = join(hosts.bundleDir, name);
  while (!existsSync(path)) await sleep(20);
  for (;;) {
    const text = await readFile(path, "utf8");
    if (text !== "") return Number(text);
    await sleep(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(10);
}

function valueOf(outcome: AttemptOutcome | undefined): unknown {
  if (outcome?.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
  return JSON.parse(
    Buffer.from(outcome.xcoms.find(({ key }) => key === "return_value")?.bytes ?? "").toString(),
  );
}

async function logOf(attempt: Attempt): Promise<string> {
  let text = "";
  for await (const piece of rig.metastore.attemptLogs.read(attempt)) text += Buffer.from(piece).toString();
  return text;
}

async function isHostLost({ name }: TestHost, limits: { beatMs: number; linkMs: number }): Promise<boolean> {
  const known = await rig.metastore.workerHosts.list(limits);
  return known.find((host) => host.name === name)?.state === "lost";
}

test("a host runs an attempt with its inputs, environment, questions and log", async () => {
  const artifactDigest = rig.artifact(`
    dag.task("it", async ({ load }) => {
      console.log("a line of the task");
      const pulled = await getContext().xcom.pull({ taskId: "load", key: "return_value" });
      const named = await getClient().getVariable("region");
      const { REGION: region, ABSENT: absent = null, HOME } = process.env;
      return { load, pulled, named, region, absent, hasHome: HOME !== undefined };
    })({});`);
  const env = { REGION: "eu" };
  const attempt = await rig.attempt("red", { artifactDigest, declaredEnv: ["REGION", "ABSENT"] }, env);
  const host = await hosts.start(token, { env: { REGION: "us", ABSENT: "here" } });
  expect(await host.carryOut(attempt)).toBe("over");
  expect(valueOf(await hosts.outcome(attempt))).toEqual({
    load: "secret-of-red",
    pulled: "secret-of-red",
    named: "of-red",
    region: "eu",
    absent: null,
    hasHome: true,
  });
  const log = await logOf(attempt);
  expect(log).toContain("a line of the task");
  expect(log).toMatch(/succeeded in \d+ms.*\n$/);
});

test("attempts that share an input read it once for all of them", async () => {
  const ref = await rig.value("red", "x".repeat(1_000_000));
  const artifactDigest = rig.artifact(`dag.task("it", ({ load }) => load.length)({});`);
  const attempts = await Promise.all(
    Array.from({ length: 12 }, () => rig.attempt("red", { artifactDigest, results: withInput(ref) })),
  );
  const host = await hosts.start(token);
  await Promise.all(attempts.map((attempt) => host.carryOut(attempt)));
  const outcomes = await Promise.all(attempts.map((attempt) => hosts.outcome(attempt)));
  expect(outcomes.map(valueOf)).toEqual(attempts.map(() => 1_000_000));
  expect(rig.reads.get(ref.digest)).toBe(1);
});

test("what is in the key is compared with the host before and after: a difference is used and not stored", async () => {
  mkdirSync(join(hosts.bundleDir, "data"));
  writeFileSync(join(hosts.bundleDir, "data", "rows.csv"), "1");
  const surroundings = new LocalSurroundings({
    level: "exact",
    env: process.env,
    ordinaryEnv: ["PATH", "NODE_*"],
    clock: systemClock,
    packageMemoryPath: join(hosts.root, "packages.json"),
    bundlePath: () => hosts.bundleDir,
  });
  const file = { bundle: "tests", path: "red/asked.ts" };
  const task = { cache: { files: ["data/*.csv"], env: [] } } as unknown as KeyedSurroundings["task"];
  const here = await surroundings.of(file, task);
  if (here.kind !== "known" || !here.files) throw new Error("the surroundings are unknown");
  const keyed: KeyedSurroundings = {
    task,
    packages: { sealed: [], named: [] },
    runtime: here.runtime,
    files: here.files.digests,
  };
  const same = rig.artifact(`dag.task("it", () => 1)({});`);
  const writes = rig.artifact(`
    import { writeFileSync } from "node:fs";
    dag.task("it", () => { writeFileSync("data/rows.csv", "1"); return 1; })({});`);
  const cached = {
    declaredEnv: [],
    declaredContext: [],
    declaredFiles: ["data/*.csv"],
    runtime: surroundings.runtime,
  };
  const host = await hosts.start(token);
  const reasonOf = async (changes: Partial<Attempt>): Promise<unknown> => {
    const attempt = await rig.attempt("red", {
      artifactDigest: same,
      args: [],
      results: [],
      ...cached,
      ...changes,
    });
    await host.carryOut(attempt);
    const outcome = await hosts.outcome(attempt);
    return outcome?.kind === "succeeded" ? (outcome.uncacheable ?? "stored") : outcome;
  };
  expect(await reasonOf({ keyed })).toBe("stored");
  expect(await reasonOf({})).toMatchObject({ code: "code_changed" });
  expect(await reasonOf({ keyed: { ...keyed, runtime: { ...here.runtime, node: "22.1.0" } } })).toMatchObject(
    {
      code: "runtime_changed",
      detail: { what: expect.stringContaining("node 22.1.0 → ") as string },
    },
  );
  const files = Object.fromEntries(Object.keys(here.files.digests).map((name) => [name, "0".repeat(64)]));
  expect(await reasonOf({ keyed: { ...keyed, files } })).toMatchObject({ code: "code_changed" });
  expect(await reasonOf({ keyed, artifactDigest: writes })).toMatchObject({ code: "code_changed" });
});

test("two hosts that are offered the same attempt run it once", async () => {
  const artifactDigest = rig.artifact(`
    import { appendFileSync } from "node:fs";
    dag.task("it", () => { appendFileSync("ran", "x"); return 1; })({});`);
  const attempts = await Promise.all(Array.from({ length: 6 }, () => rig.attempt("red", { artifactDigest })));
  const [one, two] = [await hosts.start(token), await hosts.start(token)];
  await Promise.all(
    attempts.flatMap((attempt) => [one.carryOut(attempt), two.carryOut(attempt), one.carryOut(attempt)]),
  );
  expect(await readFile(join(hosts.bundleDir, "ran"), "utf8")).toBe("xxxxxx");
  expect((await Promise.all(attempts.map((attempt) => hosts.outcome(attempt)))).map(valueOf)).toEqual([
    1, 1, 1, 1, 1, 1,
  ]);
});

test("a task whose process is killed fails, and its host goes on", async () => {
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token);
  host.take(attempt);
  process.kill(await pidOf(), "SIGKILL");
  await host.until(() => host.wasOver(attempt));
  expect(await hosts.outcome(attempt)).toMatchObject({ kind: "failed", error: { code: "task_killed" } });
});

test("a host that is killed is known to be gone at once, and its task dies with it", async () => {
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig, "for (;;) {}") });
  const host = await hosts.start(token);
  host.take(attempt);
  const pid = await pidOf();
  host.child.kill("SIGKILL");
  const killedAt = Date.now();
  await until(() => isHostLost(host, { beatMs: 60_000, linkMs: 0 }));
  expect(Date.now() - killedAt).toBeLessThan(2_000);
  await untilGone(pid);
  expect(
    await rig.metastore.remoteAttempts.endLost(
      [attempt.attemptId],
      { beatMs: 60_000, linkMs: 0 },
      encodeLost(),
    ),
  ).toEqual([attempt.attemptId]);
});

test("a host that was stopped ends what was taken from it before it reports anything", async () => {
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token);
  host.take(attempt);
  const pid = await pidOf();
  host.child.kill("SIGSTOP");
  await rig.metastore.remoteAttempts.endNow([attempt.attemptId], encodeLost());
  host.child.kill("SIGCONT");
  await untilGone(pid);
  await host.until(() => host.wasOver(attempt));
  expect(await hosts.outcome(attempt)).toMatchObject({ error: { code: "attempt_lost", message: "lost" } });
});

test("an end is kept while the API is away, and recorded once when it is back", async () => {
  const artifactDigest = endless(
    rig,
    `while (!(await import("node:fs")).existsSync("go")) await new Promise((r) => setTimeout(r, 20));`,
  );
  const attempt = await rig.attempt("red", { artifactDigest });
  const host = await hosts.start(token);
  host.take(attempt);
  const pid = await pidOf();
  await rig.api.close();
  writeFileSync(join(hosts.bundleDir, "go"), "");
  await untilGone(pid);
  expect(await rig.stateOf(attempt)).toBe("started");
  await rig.reopen();
  await host.until(() => host.wasOver(attempt));
  expect(valueOf(await hosts.outcome(attempt))).toBe("done");
  expect(await logOf(attempt)).toMatch(/succeeded in/);
});

test.each(["knows", "has forgotten"])(
  "a host that the API does not answer gives back what it was to start, and takes again when it does: it %s the host",
  async (memory) => {
    const host = await hosts.start(token);
    const artifactDigest = rig.artifact(`dag.task("it", () => 1)({});`);
    const attempt = await rig.attempt("red", { artifactDigest });
    await rig.api.close();
    expect(await host.carryOut(attempt)).toBe("rejected");
    await host.until(() => host.lines.some((line) => line.includes("a beat was not answered")));
    const opened = host.untilOpened();
    if (memory === "has forgotten") await rig.metastore.execute("delete from worker_host");
    await rig.reopen();
    await opened;
    expect(await rig.stateOf(attempt)).toBe("waiting");
    expect(await host.carryOut(await rig.attempt("red", { artifactDigest }))).toBe("over");
  },
);

test("an attempt that the API has started for a host that did not hear of it is made again", async () => {
  const host = await hosts.start(token);
  const attempt = await rig.attempt("red", {});
  const { workerId } = JSON.parse(
    /\{.*/.exec(host.lines.find((line) => line.includes("is registered")) ?? "")![0],
  ) as {
    workerId: string;
  };
  await rig.metastore.remoteAttempts.start(attempt.attemptId, workerId, { queues: null, teams: null });
  await rig.metastore.execute(
    `update remote_attempt set started_at = started_at - 31000 where attempt_id = '${attempt.attemptId}'`,
  );
  await expect.poll(() => rig.stateOf(attempt), { timeout: 30_000 }).toBe("ended");
  expect(await hosts.outcome(attempt)).toMatchObject({ kind: "failed", error: { code: "attempt_lost" } });
});

test("a host offers an attempt to others that its token is not for", async () => {
  const host = await hosts.start(token);
  const attempt = await rig.attempt("blue", {});
  expect(await host.carryOut(attempt)).toBe("rejected");
  expect(await rig.stateOf(attempt)).toBe("waiting");
});

test("a host without a network ends what it runs before it counts as lost, and says so later", async () => {
  await hosts[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  await open({ heartbeatTimeoutMs: 6_000 });
  const proxy = new FreezingProxy(new URL(rig.api.url));
  const url = `http://127.0.0.1:${await proxy.listen()}`;
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token, { urls: [url] });
  host.take(attempt);
  const pid = await pidOf();
  proxy.swallow();
  const cutAt = Date.now();
  await untilGone(pid);
  expect(Date.now() - cutAt).toBeLessThan(6_000);
  expect(await isHostLost(host, { beatMs: 6_000, linkMs: 60_000 })).toBe(false);
  expect(host.lines.join("\n")).toMatch(/no beat was answered for too long/);
  proxy.close();
});

test("an attempt that is cancelled hears of it at once", async () => {
  const artifactDigest = endless(
    rig,
    "await new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));",
  );
  const attempt = await rig.attempt("red", { artifactDigest });
  const host = await hosts.start(token);
  host.take(attempt);
  await pidOf();
  const error = { code: "run_cancelled", message: "cancelled by a person" };
  const cancelledAt = Date.now();
  await rig.metastore.remoteAttempts.cancel([attempt.attemptId], error, encodeLost());
  await host.until(() => host.wasOver(attempt));
  // Not with the next beat only.
  expect(Date.now() - cancelledAt).toBeLessThan(4_000);
  expect(await hosts.outcome(attempt)).toMatchObject({ kind: "failed", error });
});

test("a host that is drained ends when what it runs has ended, and takes nothing more", async () => {
  const artifactDigest = endless(
    rig,
    `while (!(await import("node:fs")).existsSync("go")) await new Promise((r) => setTimeout(r, 20));`,
  );
  const attempt = await rig.attempt("red", { artifactDigest });
  const later = await rig.attempt("red", { artifactDigest });
  const host = await hosts.start(token);
  host.take(attempt);
  await pidOf();
  await rig.metastore.workerHosts.drain(host.name);
  await host.until(() => host.lines.some((line) => line.includes("takes nothing more")));
  host.take(later);
  writeFileSync(join(hosts.bundleDir, "go"), "");
  expect(await host.exited).toEqual([0, null]);
  expect(valueOf(await hosts.outcome(attempt))).toBe("done");
  expect(await rig.stateOf(later)).toBe("waiting");
  expect(await rig.metastore.workerHosts.list({ beatMs: 60_000, linkMs: 60_000 })).toEqual([]);
});

test("a host that is drained and then stopped gives what it runs some time, too", async () => {
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token, { shutdownGraceMs: 200 });
  host.take(attempt);
  await pidOf();
  await rig.metastore.workerHosts.drain(host.name);
  await host.until(() => host.lines.some((line) => line.includes("takes nothing more")));
  host.child.kill("SIGTERM");
  expect(await host.exited).toEqual([0, null]);
  expect(await hosts.outcome(attempt)).toMatchObject({ kind: "failed", error: { code: "attempt_lost" } });
});

test("a host that is stopped gives what it runs some time, ends it as lost, and leaves", async () => {
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token, { shutdownGraceMs: 200 });
  host.take(attempt);
  await pidOf();
  host.child.kill("SIGTERM");
  expect(await host.exited).toEqual([0, null]);
  expect(await hosts.outcome(attempt)).toMatchObject({ kind: "failed", error: { code: "attempt_lost" } });
  expect(await rig.metastore.workerHosts.list({ beatMs: 60_000, linkMs: 60_000 })).toEqual([]);
});

test("a host whose token is revoked ends what it runs, and itself with an error", async () => {
  await hosts[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  await open({ heartbeatTimeoutMs: 4_000 });
  const attempt = await rig.attempt("red", { artifactDigest: endless(rig) });
  const host = await hosts.start(token);
  host.take(attempt);
  const pid = await pidOf();
  await rig.metastore.workerTokens.revoke(token.id);
  expect(await host.exited).toEqual([1, null]);
  await untilGone(pid);
  expect(host.lines.join("\n")).toMatch(/fault: The worker's token is missing, unknown, expired or revoked/);
  expect(await rig.stateOf(attempt)).toBe("started");
});

test("a host for one attempt runs it and ends", async () => {
  const artifactDigest = rig.artifact(`dag.task("it", () => "one")({});`);
  const attempt = await rig.attempt("red", { artifactDigest });
  const host = await hosts.start(token, { only: attempt.attemptId });
  expect(await host.exited).toEqual([0, null]);
  expect(valueOf(await hosts.outcome(attempt))).toBe("one");
});

test("a host tries the next address of the API when one does not answer", async () => {
  const artifactDigest = rig.artifact(`dag.task("it", () => "other")({});`);
  const attempt = await rig.attempt("red", { artifactDigest });
  const host = await hosts.start(token, { urls: ["http://127.0.0.1:1", rig.api.url] });
  await host.carryOut(attempt);
  expect(valueOf(await hosts.outcome(attempt))).toBe("other");
});

/** The results of an attempt whose argument `load` is this value. */
function withInput(ref: InputRef): Attempt["results"] {
  return [["load", { kind: "single", ref }]];
}
