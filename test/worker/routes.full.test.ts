// Each route of the worker API against everyone who must not be served: nothing of others is answered or changed.

import { isDeepStrictEqual } from "node:util";
import type { Attempt } from "@memodag/core";
import {
  encodeFrame,
  FrameDecoder,
  fromExecutorFrame,
  toExecutorFrame,
  type Question,
} from "@memodag/executor/frames";
import { openWorkerApi } from "@memodag/worker-api";
import {
  findVersionFault,
  pathOf,
  PROTOCOL_HEADER,
  ROUTES,
  toHeader,
  WORKER_HEADER,
  type RouteName,
} from "@memodag/worker-api/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiRig, type RigToken } from "./api-rig.ts";

const OUTCOME = frameOf({
  kind: "outcome",
  outcome: {
    kind: "succeeded",
    xcoms: [{ key: "return_value", bytes: Buffer.from('"done"') }],
    durationMs: 1,
    uncacheable: null,
    packages: [],
  },
});

const QUESTION: Question = { kind: "xcom", taskId: "load", mapIndex: -1, key: "return_value" };

/** The request for each route. A route without a line here fails the first test. */
const REQUESTS: Record<
  RouteName,
  { readonly body?: Uint8Array; readonly query?: string; readonly of: "worker" | "attempt" | "token" | "all" }
> = {
  health: { of: "all" },
  register: {
    of: "token",
    body: json({
      name: "n",
      host: "h",
      pid: 1,
      queues: ["default"],
      concurrency: 1,
      version: "1",
      node: "24",
    }),
  },
  expected: { of: "worker" },
  beat: { of: "worker", body: json({ running: [] }) },
  link: { of: "worker" },
  leave: { of: "worker" },
  start: { of: "attempt" },
  artifact: { of: "attempt" },
  value: { of: "attempt" },
  question: { of: "attempt", body: frameOf({ kind: "question", id: 7, question: QUESTION }) },
  log: { of: "attempt", body: Buffer.from("line\n"), query: "?from=0" },
  outcome: { of: "attempt", body: OUTCOME },
};

const NAMES = Object.keys(ROUTES) as RouteName[];
const CHECKED = NAMES.filter((name) => REQUESTS[name].of !== "all");
const OF_WORKERS = NAMES.filter((name) => REQUESTS[name].of === "worker" || REQUESTS[name].of === "attempt");
const OF_ATTEMPTS = NAMES.filter((name) => REQUESTS[name].of === "attempt");

let rig: ApiRig;
let own: RigToken;
let ownWorker: string;
let otherToken: RigToken;
let otherWorker: string;
let sibling: string;
let attempt: Attempt;

beforeAll(async () => {
  rig = await ApiRig.open();
  own = await rig.token({ teams: ["red"], queues: ["default", "gpu"] });
  otherToken = await rig.token();
  ownWorker = await rig.host(own);
  sibling = await rig.host(own);
  otherWorker = await rig.host(otherToken);
  attempt = await rig.started("red", ownWorker);
});
afterAll(async () => await rig[Symbol.asyncDispose]());

interface Asker {
  readonly token?: string | undefined;
  readonly workerId?: string;
  readonly attempt?: Attempt;
  readonly digest?: string;
  readonly version?: string | null;
}

/** Asks a route; a link that opens is closed. */
async function ask(route: RouteName, asker: Asker): Promise<{ status: number; body: Buffer }> {
  const { token, workerId = ownWorker, attempt: of = attempt, digest = digestOf(of), version } = asker;
  const { body, query = "", of: kind } = REQUESTS[route];
  const path = pathOf(route, kind === "worker" ? workerId : of.attemptId, digest) + query;
  const request = { token, workerId, ...(body && { body }), ...(version !== undefined && { version }) };
  const response = await rig.ask(ROUTES[route].method, path, request);
  if (route !== "link" || !response.ok) {
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  }
  await response.body?.cancel();
  return { status: response.status, body: Buffer.alloc(0) };
}

/** Everything that a request could change, but for times. */
async function snapshot(...attempts: Attempt[]): Promise<unknown> {
  const { workerHosts, remoteAttempts, attemptLogs } = rig.metastore;
  const hosts = await workerHosts.list({ beatMs: 1e9, linkMs: 1e9 });
  const tokens = hosts.map(({ id, tokenId, state }) => ({ id, tokenId, state }));
  const sizes = await Promise.all(attempts.map((one) => attemptLogs.size(one)));
  return [tokens, await remoteAttempts.statuses(attempts.map(({ attemptId }) => attemptId)), sizes];
}

/** The status of each refusal; what else there was to it that must not be. */
async function refusals(route: RouteName, askers: readonly Asker[]): Promise<(number | string)[]> {
  const found: (number | string)[] = [];
  for (const asker of askers) {
    const before = await snapshot(attempt, asker.attempt ?? attempt);
    const { status, body } = await ask(route, asker);
    const text = body.toString();
    const isProblem = status >= 400 && (JSON.parse(text) as { status?: unknown }).status === status;
    const isUnchanged = isDeepStrictEqual(await snapshot(attempt, asker.attempt ?? attempt), before);
    const isSilent = !/secret-of|of-red|code of/.test(text);
    found.push(isProblem && isUnchanged && isSilent ? status : `${status}, ${isUnchanged}, ${text}`);
  }
  return found;
}

test("each route has a case here", () => {
  expect(rig.api.routes.toSorted()).toEqual(
    NAMES.map((name) => `${ROUTES[name].method} ${ROUTES[name].path}`).toSorted(),
  );
  expect(Object.keys(REQUESTS).toSorted()).toEqual(NAMES.toSorted());
});

test("a beat is told how long an attempt waits that its token may start, and of no other", async () => {
  const teams = await rig.token({ teams: ["green"], queues: ["default"] });
  const workerId = await rig.host(teams);
  await rig.attempt("blue");
  const beat = async (asker: RigToken, of: string, freePlaces: number): Promise<unknown> => {
    const body = Buffer.from(JSON.stringify({ running: [], freePlaces }));
    const response = await rig.ask("POST", pathOf("beat", of), { token: asker.token, body });
    return ((await response.json()) as { readonly longestWait: unknown }).longestWait;
  };
  expect(await beat(otherToken, otherWorker, 1)).toMatchObject({ queue: "default" });
  expect([await beat(otherToken, otherWorker, 0), await beat(teams, workerId, 1)]).toEqual([null, null]);
});

test("routes that are allowed answer, so that a refusal means something", async () => {
  const done = await rig.started("red", ownWorker);
  const temporary = await rig.host(own);
  for (const name of NAMES) {
    const asker = name === "leave" ? { workerId: temporary } : { attempt: done };
    const { status } = await ask(name, { token: own.token, ...asker });
    expect({ name, isOk: status < 300 }).toEqual({ name, isOk: true });
  }
});

describe.each(CHECKED)("%s", (route) => {
  test("refuses requests without a valid token", async () => {
    const revoked = await rig.token();
    const revokedWorker = await rig.host(revoked);
    const of = await rig.started("red", revokedWorker);
    await rig.metastore.workerTokens.revoke(revoked.id);
    const expired = await rig.token({}, 0);
    const [prefix] = own.token.split(/_(?=[^_]*$)/);
    const wrong = `mdw_${own.id}_${"A".repeat(43)}`;
    const tokens = [
      undefined,
      "",
      "x",
      wrong,
      prefix,
      own.token.toUpperCase(),
      `${own.token}A`,
      expired.token,
    ];
    const ofRevoked = { token: revoked.token, workerId: revokedWorker, attempt: of };
    const askers = [...tokens.map((token) => ({ token })), ofRevoked];
    expect(await refusals(route, askers)).toEqual(askers.map(() => 401));
  });

  test("refuses another version of the protocol", async () => {
    const askers = [null, "2", "1.1", "0.9", "one"].map((version) => ({ token: own.token, version }));
    expect(await refusals(route, askers)).toEqual(askers.map(() => 426));
  });
});

describe.each(OF_WORKERS)("%s", (route) => {
  test("refuses a worker of another token, and one that is not registered", async () => {
    const of = await rig.started("red", otherWorker);
    const askers = [
      { token: own.token, workerId: otherWorker, attempt: of },
      { token: otherToken.token, workerId: ownWorker },
      { token: own.token, workerId: "none" },
    ];
    expect(await refusals(route, askers)).toEqual([404, 404, 404]);
  });
});

describe.each(OF_ATTEMPTS)("%s", (route) => {
  test("refuses an attempt of another worker, and one that is over or unknown", async () => {
    const over = await rig.started("red", ownWorker);
    await rig.metastore.remoteAttempts.endNow([over.attemptId], OUTCOME);
    const attempts = [
      await rig.started("red", sibling),
      await rig.started("red", otherWorker),
      { ...attempt, attemptId: "none" },
      over,
      ...(route === "start" ? [] : [await rig.attempt("red")]),
    ];
    const askers = attempts.map((one) => ({ token: own.token, attempt: one }));
    expect(await refusals(route, askers)).toEqual(askers.map(() => 410));
  });

  test("refuses an attempt of a team or a queue that the token is not for", async () => {
    const status = route === "start" ? 403 : 410;
    const blue = await rig.attempt("blue");
    const ram = await rig.attempt("red", { queue: "ram" });
    const askers = [blue, ram].map((one) => ({ token: own.token, attempt: one }));
    expect(await refusals(route, askers)).toEqual([status, status]);
    // Not even if the database says that this worker has started it.
    const { remoteAttempts } = rig.metastore;
    for (const { attemptId } of [blue, ram])
      await remoteAttempts.start(attemptId, ownWorker, { queues: null, teams: null });
    expect(await refusals(route, askers)).toEqual([status, status]);
  });
});

test("a value is read by an attempt that refers to it, and by no other", async () => {
  const other = await rig.started("blue", otherWorker);
  const unreferred = await rig.value("red", "secret-of-another-run");
  const digests = [digestOf(other), unreferred.digest, "0".repeat(64), "..%2f..%2fsecret"];
  const askers = digests.map((digest) => ({ token: own.token, digest }));
  expect(await refusals("value", askers)).toEqual([404, 404, 404, 404]);
  const { body } = await ask("value", { token: own.token });
  expect(body.toString()).toBe('"secret-of-red"');
});

test("a question is answered from the run of its attempt, whatever the host says", async () => {
  const said = { ...QUESTION, team: "blue", runId: "other", dagId: "other" };
  const answers = await Promise.all(
    [said, { kind: "variable", name: "region", team: "blue" } as Question].map(async (question) => {
      const body = frameOf({ kind: "question", id: 3, question });
      const response = await rig.ask("POST", pathOf("question", attempt.attemptId), {
        token: own.token,
        workerId: ownWorker,
        body,
      });
      const frame = new FrameDecoder().next(Buffer.from(await response.arrayBuffer()));
      const message = frame && fromExecutorFrame(frame);
      if (message?.kind !== "answer" || message.answer.kind !== "found") throw new Error("no answer");
      return Buffer.from(message.answer.bytes ?? "").toString();
    }),
  );
  expect(answers).toEqual(['"secret-of-red"', "of-red"]);
});

test("a registration is refused for queues that its token is not for", async () => {
  const body = json({
    name: "n",
    host: "h",
    pid: 1,
    queues: ["gpu", "ram"],
    concurrency: 1,
    version: "1",
    node: "24",
  });
  const response = await rig.ask("POST", "/v1/workers", { token: own.token, body });
  expect([response.status, await response.json()]).toMatchObject([
    403,
    { detail: expect.stringContaining("not for the queue ram") as string },
  ]);
});

test("bodies that are too large, or not of the protocol, are refused and change nothing", async () => {
  const asker = { token: own.token, workerId: ownWorker };
  const before = await snapshot(attempt);
  const post = async (route: RouteName, body: Uint8Array, query = ""): Promise<number> =>
    (
      await rig.ask(
        ROUTES[route].method,
        pathOf(route, REQUESTS[route].of === "worker" ? ownWorker : attempt.attemptId) + query,
        { ...asker, body },
      )
    ).status;
  const large = frameOf({
    kind: "outcome",
    outcome: {
      kind: "succeeded",
      xcoms: [{ key: "return_value", bytes: Buffer.alloc(4_000_001, "1") }],
      durationMs: 1,
      uncacheable: null,
      packages: [],
    },
  });
  const long = frameOf({
    kind: "outcome",
    outcome: {
      kind: "succeeded",
      xcoms: [{ key: "return_value", bytes: Buffer.alloc(3_000_000, "1") }],
      durationMs: 1,
      uncacheable: null,
      packages: [],
    },
  });
  expect({
    "value over the limit": await post("outcome", large),
    "no frame": await post("outcome", Buffer.from("hello")),
    "half a frame": await post("outcome", OUTCOME.subarray(0, 20)),
    "two frames": await post("outcome", Buffer.concat([OUTCOME, OUTCOME])),
    "half a long frame": await post("outcome", long.subarray(0, 2_000_000)),
    "two long frames": await post("outcome", Buffer.concat([long, long])),
    "a question": await post("outcome", frameOf({ kind: "question", id: 1, question: QUESTION })),
    "an outcome as a question": await post("question", OUTCOME),
    "no JSON": await post("beat", Buffer.from("{")),
    "no ids": await post("beat", json({ running: "all" })),
    "a beat without end": await post("beat", Buffer.alloc(2_000_000, " ")),
    "a part of a log over the limit": await post("log", Buffer.alloc(1_048_577), "?from=0"),
    "a part beyond the log": await post("log", Buffer.from("x"), "?from=9000000"),
    "a part before it": await post("log", Buffer.from("x"), "?from=-1"),
  }).toEqual({
    "value over the limit": 413,
    "no frame": 413,
    "half a frame": 400,
    "two frames": 400,
    "half a long frame": 400,
    "two long frames": 400,
    "a question": 400,
    "an outcome as a question": 400,
    "no JSON": 400,
    "no ids": 400,
    "a beat without end": 413,
    "a part of a log over the limit": 413,
    "a part beyond the log": 413,
    "a part before it": 400,
  });
  expect(await snapshot(attempt)).toEqual(before);
});

test("an outcome that was recorded is recorded again for its worker, and the log takes a part once", async () => {
  const of = await rig.started("red", ownWorker);
  const asker = { token: own.token, attempt: of };
  for (let times = 0; times < 2; times += 1) {
    const { status, body } = await ask("log", asker);
    expect([status, JSON.parse(body.toString())]).toEqual([200, { length: 5 }]);
  }
  expect(await rig.metastore.attemptLogs.size(of)).toBe(5);
  expect([(await ask("outcome", asker)).status, (await ask("outcome", asker)).status]).toEqual([204, 204]);
  expect(await rig.stateOf(of)).toBe("ended");
});

test("a large XCom is passed on as it comes, and breaks off where it is damaged", async () => {
  const value = Buffer.from(`"${"x".repeat(3_000_000)}"`);
  let isDamaged = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield value.subarray(0, 1_000_000);
    if (isDamaged) throw new Error("bytes of another sha256");
    yield value.subarray(1_000_000);
  }
  const openXCom = async () => ({ sizeBytes: value.length, chunks: chunks() });
  const api = await openWorkerApi({ ...rig.options, queries: { ...rig.options.queries, openXCom } });
  const pull = async (): Promise<Buffer> => {
    const response = await fetch(`${api.url}${pathOf("question", attempt.attemptId)}`, {
      method: "POST",
      body: REQUESTS.question.body as Uint8Array<ArrayBuffer>,
      headers: {
        [PROTOCOL_HEADER]: toHeader(),
        [WORKER_HEADER]: ownWorker,
        authorization: `Bearer ${own.token}`,
      },
    });
    return Buffer.from(await response.arrayBuffer());
  };
  const frame = new FrameDecoder().next(await pull());
  const answered = frame && fromExecutorFrame(frame);
  expect(answered).toMatchObject({ kind: "answer", id: 7, answer: { kind: "found" } });
  expect(frame?.blobs[0]?.length === value.length && value.equals(frame.blobs[0])).toBe(true);
  isDamaged = true;
  await expect(pull()).rejects.toThrow(/terminated|aborted/);
  await api.close();
});

test("a worker may be one minor version older than the API, and not newer", () => {
  const faults = ["1", "1.0", "1.1", "1.2", "1.3", "2", "0.9"].map((said) => findVersionFault(said, "1.2"));
  expect(faults.map((fault) => fault === null)).toEqual([false, false, true, true, false, false, false]);
  expect(faults[4]).toMatch(/upgrade the schedulers first/);
  expect(faults[0]).toMatch(/drain the worker/);
});

/** The value that an attempt's arguments refer to. */
function digestOf({ results }: Attempt): string {
  const [, input] = results[0] ?? [];
  return input?.kind === "single" ? input.ref.digest : "";
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function frameOf(message: Parameters<typeof toExecutorFrame>[0]): Buffer {
  return Buffer.concat(encodeFrame(toExecutorFrame(message)));
}
