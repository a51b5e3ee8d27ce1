// Requests to people in tests of Dags: the test answers, and what is asked, checked and skipped is real.

import type { HumanRequest } from "@memodag/core";
import { approval, Dag, hitl, type HITLResult } from "@memodag/sdk";
import { testDag } from "@memodag/testing";
import { describe, expect, test } from "vitest";

function release() {
  const dag = new Dag("release");
  const version = dag.task("version", () => "1.4.0")();
  const ok = dag.task("ok", approval({ subject: ({ v }: { v: string }) => `Ship ${v}?` }))({ v: version });
  const size = dag.task(
    "size",
    hitl({
      subject: "Where?",
      options: ["us", "eu", "apac"],
      multiple: true,
      params: { replicas: { value: 3, schema: { type: "integer", maximum: 10 } } },
      assignedUsers: [{ id: "ops", name: "Operations" }],
    }),
  )();
  ok.before(dag.task("publish", () => "published", { triggerRule: "all_done" })());
  const use = (args: { where: string[]; full: HITLResult }) =>
    args.where.length + Object.keys(args.full).length;
  dag.task("use", use)({ where: size.field("chosen_options"), full: size });
  const count = ({ where }: { where: string[] }) => where.length;
  dag.task("count", count, { cache: true })({ where: size.field("chosen_options") });
  dag.task("stamp", ({ full }: { full: HITLResult }) => full.responded_at, { cache: true })({ full: size });
  return dag;
}

describe("testDag with answers", () => {
  test("gives them, by what is shown, and to the tasks that follow", async () => {
    const shown: HumanRequest[] = [];
    const run = await testDag(release(), {
      now: "2026-02-03T04:05:06Z",
      answers: {
        ok: (request) => {
          shown.push(request);
          return "Approve";
        },
        size: { options: ["apac", "us"], params: { replicas: 5 } },
      },
    }).run();
    expect(run.state).toBe("success");
    expect(shown.map(({ subject }) => subject)).toEqual(["Ship 1.4.0?"]);
    expect(run.task("ok").returned).toMatchObject({ responded_by_user: { id: "tester", name: "tester" } });
    expect(run.task("size").returned).toEqual({
      chosen_options: ["us", "apac"],
      params_input: { replicas: 5 },
      responded_at: "2026-02-03T04:05:06.000Z",
      responded_by_user: { id: "ops", name: "Operations" },
      timedout: false,
    });
    expect(run.task("count").returned).toBe(2);
    expect(run.states["publish"]).toBe("success");
  });

  test("skips what follows a rejection, whatever its trigger rule", async () => {
    const run = await testDag(release(), { answers: { ok: "Reject", size: "us" } }).run();
    expect(run.states).toMatchObject({ ok: "success", publish: "skipped" });
  });

  test("an answer is an input like any other: the same choice is a hit, another or a later answer is not", async () => {
    const asked = testDag(release(), { answers: { ok: "Approve", size: ["us", "eu"] } });
    await asked.run();
    asked.advance("1h");
    expect((await asked.run()).cacheStatuses).toMatchObject({
      ok: "disabled",
      size: "disabled",
      count: "hit",
      // It holds the time of the answer.
      stamp: "populated",
    });
    const other = await asked.run({ answers: { size: ["us"] } });
    expect(other.cacheStatuses).toMatchObject({ count: "populated" });
    expect(other.task("count").returned).toBe(1);
  });

  test.each([
    ["an option that there is not", { size: "mars" }, /"mars" is not an option/],
    ["a field that does not match", { size: { options: "us", params: { replicas: 11 } } }, /<= 10, found 11/],
    ["a person to whom it is not assigned", { size: { options: "us", by: "eve" } }, /"eve" may not answer/],
  ])("is checked as a person's: %s", async (_, answers, message) => {
    const run = await testDag(release(), { answers: { ok: "Approve", ...answers } }).run();
    expect(run.task("size").error).toMatchObject({
      code: "approval_invalid",
      message: expect.stringMatching(message),
    });
  });

  test("that are missing are named before anything runs, and so are mocks and answers to no one", async () => {
    await expect(testDag(release(), { answers: { size: "us" } }).run()).rejects.toThrow(
      /"ok" of Dag "release" waits for an answer.*answers: \{ ok: "Approve" \}/,
    );
    await expect(
      testDag(release(), { answers: { ok: "Approve" }, mocks: { size: null } }).run(),
    ).rejects.toThrow(/answer it instead of mocking it, such as answers: \{ size: "us" \}/);
    await expect(testDag(release(), { answers: { publish: "us" } }).run()).rejects.toThrow(
      /no task "publish" that waits for an answer: they are ok, size/,
    );
  });

  test("time runs out at once where no one answers: the defaults, or a failure whose retry asks again", async () => {
    const dag = new Dag("nightly");
    dag
      .task("ok", approval({ subject: "Load?", defaults: "Reject", responseTimeout: "2d" }))()
      .before(dag.task("load", () => null)());
    let asked = 0;
    const subject = () => `Attempt ${(asked += 1)}?`;
    dag.task("must", approval({ subject, responseTimeout: "1h" }), { retries: 2, retryDelay: "1h" })();
    const nightly = testDag(dag, { now: "2026-01-01" });
    const run = await nightly.run();
    expect(run.states).toEqual({ ok: "success", load: "skipped", must: "failed" });
    expect(run.task("ok").returned).toMatchObject({ timedout: true, responded_by_user: null });
    expect(run.task("must").error?.code).toBe("approval_timeout");
    expect(asked).toBe(3);
    expect(nightly.now.toISOString()).toBe("2026-01-03T00:00:00.000Z");
    const answers = {
      must: ({ subject: shown }: HumanRequest) => (shown === "Attempt 5?" ? "Approve" : null),
    };
    expect((await nightly.run({ answers })).task("must")).toMatchObject({ state: "success", tryNumber: 2 });
  });

  test("each instance of a mapped task asks, and is answered, for itself", async () => {
    const dag = new Dag("shops");
    const ask = dag.task(
      "ask",
      hitl({ subject: ({ shop }: { shop: string }) => `Open ${shop}?`, options: ["yes", "no"] }),
    );
    const opened = ({ answers }: { answers: HITLResult[] }) =>
      answers.map((answer) => answer.chosen_options[0]);
    dag.task("opened", opened)({ answers: ask.expand({ shop: ["paris", "lyon"] }) });
    const answers = { ask: ({ subject }: HumanRequest) => (subject === "Open lyon?" ? "no" : "yes") };
    expect((await testDag(dag, { answers }).run()).task("opened").returned).toEqual(["yes", "no"]);
  });
});
