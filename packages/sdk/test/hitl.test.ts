// Tasks that wait for an answer: how they are declared, what is refused, and what an attempt of one does.

import {
  MemodagError,
  readHumanRequest,
  readJson,
  silentLogger,
  type AttemptSensor,
  type HumanQuestion,
  type HumanResponse,
  type SerializedDag,
} from "@memodag/core";
import { approval, Bundle, Dag, hitl, type HITLResult, type HITLTask, type TaskRef } from "@memodag/sdk";
import { listTaskIds, runHitl, serializeDag, takeServed, type AttemptScope } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";

function serialize(dag: Dag): SerializedDag {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
  return serializeDag(dag, { artifactDigest: "", sourceHashes });
}

const taskOf = (dag: Dag, id: string) => serialize(dag).tasks.find(({ taskId }) => taskId === id);

describe("dag.task(id, hitl(…))", () => {
  it("declares a task that waits without a process, as long as it may", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 2 } });
    dag.task("size", hitl({ subject: "How large?", options: ["s", "l"], responseTimeout: "2d" }), {
      pool: "people",
    })();
    dag.task("ok", approval({ subject: "Ship?" }))();
    const twoDays = 172_800_000;
    expect(taskOf(dag, "size")).toMatchObject({
      retries: 2,
      pool: "people",
      cache: null,
      hitl: { params: {} },
      sensor: { mode: "reschedule", timeoutMs: twoDays, pokeIntervalMs: twoDays },
    });
    // No one has to look at it meanwhile: an answer ends the wait.
    expect(taskOf(dag, "ok")?.sensor?.pokeIntervalMs).toBeGreaterThan(twoDays * 10_000);
  });

  it("takes the arguments of its texts, and gives the answer downstream", () => {
    const dag = new Dag("d");
    const subject = ({ a }: { a: number }) => `${a}`;
    const body = ({ b }: { b: string }) => b;
    expectTypeOf(hitl({ subject, body, options: ["x"] })).toEqualTypeOf<
      HITLTask<{ a: number } & { b: string }>
    >();
    expectTypeOf(approval({ subject: "Ship?", body })).toEqualTypeOf<HITLTask<{ b: string }>>();
    const answer = dag.task("ask", hitl({ subject, body, options: ["x"] }))({ a: 1, b: "two" });
    expectTypeOf(answer).toEqualTypeOf<TaskRef<HITLResult>>();
    // @ts-expect-error -- an answer has no such field
    expect(() => answer.field("chosen")).not.toThrow();
    // @ts-expect-error -- the subject's argument is a number
    dag.task("other", approval({ subject }))({ a: "1" });
    expect(taskOf(dag, "ask")?.args.map(([name]) => name)).toEqual(["a", "b"]);
  });

  it("may be mapped", () => {
    const dag = new Dag("d");
    const ask = dag.task(
      "ask",
      hitl({ subject: ({ shop }: { shop: string }) => `Open ${shop}?`, options: ["yes", "no"] }),
    );
    expectTypeOf(ask.expand({ shop: ["a", "b"] })).toEqualTypeOf<TaskRef<HITLResult[]>>();
    expect(taskOf(dag, "ask")?.expand).toMatchObject([["shop", { json: '["a","b"]' }]]);
  });

  it.each([
    ["skips what follows directly", {}, ["next"]],
    ["skips all that follows", { ignoreDownstreamTriggerRules: true }, ["last", "next"]],
    ["skips nothing, but fails", { failOnReject: true }, undefined],
  ])("a rejection %s", (_, options, skipped) => {
    const dag = new Dag("d");
    const next = dag.task("next", () => null)();
    next.before(dag.task("last", () => null)());
    dag
      .task("ok", approval({ subject: "Ship?", ...options }))()
      .before(next);
    expect(taskOf(dag, "ok")?.branch?.cases[0]?.taskIds).toEqual(skipped);
  });
});

describe("what is refused when a file is read", () => {
  const shop = { subject: "Where?", options: ["a", "b"] };
  it.each<[string, () => unknown, RegExp]>([
    [
      "caching an answer",
      () => new Dag("d").task("t", hitl(shop), { cache: true as never }),
      /cache is set, but each run has to ask.*remove it/,
    ],
    ["an unknown option", () => declare({ ...shop, assignees: [] }), /unknown option hitl\.assignees/],
    ["no subject", () => declare({ options: ["a"] }), /hitl\.subject is undefined/],
    ["no options", () => declare({ subject: "Where?", options: [] }), /list what can be chosen/],
    ["a default that is no option", () => declare({ ...shop, defaults: ["c"] }), /one of the options: a, b/],
    ["two defaults for one choice", () => declare({ ...shop, defaults: ["a", "b"] }), /one of the options/],
    ["a timeout of no time", () => declare({ ...shop, responseTimeout: 0 }), /hitl\.responseTimeout/],
    ["a user without id", () => declare({ ...shop, assignedUsers: [{ name: "A" }] }), /\{ id, name \}/],
    ["a field without value", () => declare({ ...shop, params: { n: {} } }), /params\.n has no value/],
  ])("%s", (_, declaring, message) => {
    expect(declaring).toThrow(message);
    expect(declaring).toThrow(MemodagError);
  });

  function declare(spec: object): unknown {
    return new Dag("d").task("t", hitl(spec as never));
  }

  it("a mapped approval that others follow, and one that decides a branch", () => {
    const mapped = new Dag("d");
    const asks = mapped.task("ok", approval({ subject: ({ a }: { a: number }) => `${a}?` }));
    asks.expand({ a: [1, 2] }).before(mapped.task("next", () => null)());
    expect(() => serialize(mapped)).toThrow(/"ok".*mapped approval, whose answers may differ/);
    const branch = new Dag("d");
    const ok = branch.task("ok", approval({ subject: "Ship?" }))();
    const next = branch.task("next", () => null)();
    branch.switch(ok.field("timedout")).case(true, next);
    next.after(ok);
    expect(() => serialize(branch)).toThrow(/"ok".*decides a branch/);
  });
});

describe("an attempt", () => {
  const answered: HumanResponse = {
    chosen: ["Approve"],
    params: {},
    user: { id: "ada", name: "Ada" },
    at: Date.UTC(2026, 0, 2),
  };
  const waiting = { mode: "reschedule", timeoutMs: 60_000, pokeIntervalMs: 60_000 } as AttemptSensor;

  function scopeOf(reply: (question: HumanQuestion) => HumanResponse | null | undefined) {
    const asked: HumanQuestion[] = [];
    const scope = {
      context: { task: { taskId: "ok" } },
      declaredContext: null,
      signal: new AbortController().signal,
      log: silentLogger,
      maxValueBytes: 1_000,
      askHuman: async (question: HumanQuestion) => {
        asked.push(question);
        const response = reply(question);
        return response === undefined ? undefined : Buffer.from(JSON.stringify({ response }));
      },
    } as unknown as AttemptScope;
    return { scope, asked };
  }

  const dagWith = (options: object = {}): Dag => {
    const dag = new Dag("d");
    const spec = { subject: ({ n }: { n: number }) => `Ship ${n}?`, ...options };
    dag.task("ok", approval(spec))({ n: 1 });
    return dag;
  };

  it("fails by no outage of the database: it asks again soon, and finds the answer that is there", async () => {
    for (const code of ["database_failed", "database_unreachable", "database_read_only"] as const) {
      const { scope } = scopeOf(() => {
        throw new MemodagError(code, "away");
      });
      const late = { ...waiting, waitedMs: 70_000 };
      const outcome = await runHitl(dagWith(), "ok", { n: 7 }, scope, late);
      expect(outcome).toEqual({ kind: "rescheduled", afterMs: 5_000 });
    }
    const { scope } = scopeOf(() => {
      throw new MemodagError("question_unanswered", "its request is invalid");
    });
    await expect(runHitl(dagWith(), "ok", { n: 7 }, scope, { ...waiting, waitedMs: 1 })).rejects.toThrow(
      /its request is invalid/,
    );
  });

  it("shows its request once, and returns the answer when there is one", async () => {
    const first = scopeOf(({ act }) => (act === "find" ? undefined : null));
    const outcome = await runHitl(dagWith(), "ok", { n: 7 }, first.scope, { ...waiting, waitedMs: 10 });
    expect(outcome).toEqual({ kind: "rescheduled", afterMs: 59_990 });
    const [, opened] = first.asked;
    expect(opened?.act === "open" && readHumanRequest(opened.text)?.subject).toBe("Ship 7?");

    const second = scopeOf(() => answered);
    const ended = await runHitl(dagWith(), "ok", { n: 8 }, second.scope, { ...waiting, waitedMs: 20 });
    expect(second.asked).toEqual([{ act: "find" }]);
    if (ended.kind !== "succeeded") throw new Error(ended.kind);
    expect(readJson(ended.xcoms[0]?.bytes ?? new Uint8Array())).toEqual({
      chosen_options: ["Approve"],
      params_input: {},
      responded_at: "2026-01-02T00:00:00.000Z",
      responded_by_user: { id: "ada", name: "Ada" },
      timedout: false,
    });
  });

  it("fails when time runs out, or takes the defaults", async () => {
    const late = { ...waiting, waitedMs: 60_000 };
    const none = scopeOf(() => null);
    await expect(runHitl(dagWith(), "ok", { n: 1 }, none.scope, late)).rejects.toThrow(
      /No one answered within 1m/,
    );
    const chosen = scopeOf(({ act }) => (act === "expire" ? { ...answered, user: null } : null));
    const dag = dagWith({ defaults: "Approve" });
    expect(await runHitl(dag, "ok", { n: 1 }, chosen.scope, late)).toMatchObject({ kind: "succeeded" });
  });

  it("fails on a rejection if it has to, and for a text that is none", async () => {
    const { scope } = scopeOf(() => ({ ...answered, chosen: ["Reject"] }));
    const strict = dagWith({ failOnReject: true });
    await expect(runHitl(strict, "ok", { n: 1 }, scope, { ...waiting, waitedMs: 1 })).rejects.toThrow(
      /rejected by Ada/,
    );
    const { scope: other } = scopeOf(() => undefined);
    const silent = dagWith({ subject: () => "" });
    await expect(runHitl(silent, "ok", { n: 1 }, other, { ...waiting, waitedMs: 0 })).rejects.toThrow(
      /subject returned an empty string/,
    );
  });
});

describe("new Bundle(…)", () => {
  it("serves its Dags once each, however they were given", async () => {
    const [a, b] = [new Dag("a"), new Dag("b")];
    const bundle = new Bundle(a);
    bundle.register(a, b);
    expect(takeServed()).toEqual([]);
    await bundle.serve();
    expect(takeServed()).toEqual([a, b]);
    expect(takeServed()).toEqual([]);
  });

  it("takes nothing but Dags", () => {
    expect(() => new Bundle("dag" as never)).toThrow(/A Bundle was given "dag": give it what "new Dag/);
  });

  it("goes with a queue, of the Dag or of a task, which is stored", () => {
    const dag = new Dag("d", { queue: "typescript" });
    dag.task("a", () => 1)();
    dag.task("b", () => 1, { queue: "gpu" })();
    expect(serialize(dag).tasks.map(({ queue }) => queue)).toEqual(["typescript", "gpu"]);
    const plain = new Dag("p");
    plain.task("a", () => 1)();
    expect(taskOf(plain, "a")).not.toHaveProperty("queue");
    expect(() => new Dag("q", { queue: "" })).toThrow(/queue is ""/);
  });
});
