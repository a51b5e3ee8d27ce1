// Attempts in real processes: what a handler gets, and how its end is told.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reasonSentence } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

describe("a handler", () => {
  it("returns a value, as canonical JSON, from a process of its own", async () => {
    await using room = new ExecutorRoom();
    const { attempt, started, finished } = room.submit(
      `dag.task("it", async () => ({ b: -0, a: [process.pid, undefined ?? null], c: undefined }))();`,
    );
    const { pid } = await started;
    const outcome = await finished;
    expect(outcome).toMatchObject({ kind: "succeeded", uncacheable: null });
    const xcoms = outcome.kind === "succeeded" ? outcome.xcoms : [];
    expect(xcoms.map(({ key, bytes }) => [key, Buffer.from(bytes).toString()])).toEqual([
      ["return_value", `{"a":[${pid},null],"b":0}`],
    ]);
    expect(outcome.durationMs).toBeGreaterThanOrEqual(0);
    expect(room.events.map(({ kind, attemptId }) => [kind, attemptId])).toEqual([
      ["started", attempt.attemptId],
      ["finished", attempt.attemptId],
    ]);
  });

  it("gets its arguments: literals, fields of results, mapped lists, nulls", async () => {
    await using room = new ExecutorRoom();
    const outcome = await room.run(`dag.task("it", async (args) => args)({});`, {
      args: [
        ["rows", { kind: "result", taskId: "load", path: ["rows", 0] }],
        ["models", { kind: "result", taskId: "train", path: [] }],
        ["depth", { kind: "literal", json: "3" }],
        ["gone", { kind: "result", taskId: "never", path: [] }],
      ],
      results: [
        ["load", room.input({ rows: [{ é: 1 }] })],
        ["train", { kind: "mapped", refs: [room.value("m0"), null, room.value("m2")] }],
      ],
    });
    expect(returned(outcome)).toEqual({ rows: { é: 1 }, models: ["m0", null, "m2"], depth: 3, gone: null });
  });

  it("gets its context", async () => {
    await using room = new ExecutorRoom();
    const outcome = await room.run(
      `dag.task("it", async () => {
         const { params, dagRun, logicalDate, task, taskInstance } = getContext();
         return [params.species, dagRun.conf.region, String(logicalDate), task.taskId, taskInstance.tryNumber];
       })();`,
    );
    expect(outcome).toMatchObject({ uncacheable: null });
    expect(returned(outcome)).toEqual(["Adelie", "eu", expect.stringContaining("2026"), "it", 1]);
  });

  it("keeps its result but not in the cache after it read what is not in the key", async () => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async () => [getContext().params.species, getContext().params.depth])();`;
    const declare = (...declaredContext: string[]) => room.run(body, { declaredContext });
    const [one, all, none] = await Promise.all([
      declare("params.species"),
      declare("params"),
      declare("logicalDate"),
    ]);
    expect(one).toMatchObject({
      kind: "succeeded",
      uncacheable: { code: "undeclared_input", detail: { names: ["params.depth"] } },
    });
    expect(all).toMatchObject({ kind: "succeeded", uncacheable: null });
    expect(none).toMatchObject({
      kind: "succeeded",
      uncacheable: { detail: { names: expect.arrayContaining(["params.species"]) } },
    });
  });

  it("tells when it read which attempt it is, which is in no key", async () => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async () => getContext().taskInstance.tryNumber)();`;
    const outcome = await room.run(body, { declaredContext: ["taskInstance.mapIndex"], tryNumber: 2 });
    expect(outcome).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["taskInstance.tryNumber"] } },
    });
  });

  it("tells what a failure came of, when the handler ran", async () => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async () => { throw new Error(getContext().params.depth); })();`;
    const declare = (...declaredContext: string[]) => room.run(body, { declaredContext });
    const [undeclared, declared, unread] = await Promise.all([
      declare(),
      declare("params.depth"),
      room.run(`throw new Error("at the top level");`, { declaredContext: [] }),
    ]);
    expect(undeclared).toMatchObject({
      kind: "failed",
      uncacheable: { code: "undeclared_input", detail: { names: ["params.depth"] } },
      packages: [],
    });
    expect(declared).toMatchObject({ kind: "failed", uncacheable: null, packages: [] });
    expect(unread).not.toHaveProperty("uncacheable");
    expect(unread).not.toHaveProperty("packages");
  });

  it("tells which environment variables it read undeclared, at its top level too", async () => {
    process.env["EXECUTOR_TEST_REGION"] = "eu";
    await using room = new ExecutorRoom();
    const inHandler = `dag.task("it", async () => process.env.EXECUTOR_TEST_REGION)();`;
    const atTop = `const region = process.env.EXECUTOR_TEST_REGION; dag.task("it", async () => region)();`;
    const listed = `dag.task("it", async () => Object.keys(process.env).length)();`;
    const own = `dag.task("it", async () => process.env.PATH)();`;
    const child = `dag.task("it", async () =>
      (await import("node:child_process")).execFileSync("true", { encoding: "utf8" }))();`;
    const run = (body: string, declaredEnv: string[] | null) => room.run(body, { declaredEnv });
    const outcomes = await Promise.all([
      run(inHandler, []),
      run(inHandler, ["EXECUTOR_TEST_REGION"]),
      run(inHandler, null),
      run(atTop, []),
    ]);
    const later = await Promise.all([run(listed, []), run(own, []), run(child, [])]);
    delete process.env["EXECUTOR_TEST_REGION"];
    const reasons = [...outcomes, ...later].map((outcome) =>
      outcome.kind === "succeeded" ? outcome.uncacheable && reasonSentence(outcome.uncacheable) : outcome,
    );
    expect(reasons).toEqual([
      "undeclared_input(env.EXECUTOR_TEST_REGION)",
      null,
      null,
      "undeclared_input(env.EXECUTOR_TEST_REGION)",
      "undeclared_input(env)",
      "undeclared_input(env.PATH)",
      "undeclared_input(child_process)",
    ]);
  });

  it("lets a library read what is ordinary, and nothing else", async () => {
    await using room = new ExecutorRoom();
    const library = join(room.bundleDir, "node_modules", "reader");
    mkdirSync(library, { recursive: true });
    writeFileSync(
      join(library, "package.json"),
      '{ "name": "reader", "version": "1.2.3", "type": "module", "exports": "./index.js" }',
    );
    writeFileSync(join(library, "index.js"), "export const read = (name) => process.env[name];");
    const body = (name: string) =>
      `import { read } from "reader"; dag.task("it", async () => read("${name}") ?? null)();`;
    const [ordinary, other] = await Promise.all(
      ["NODE_OPTIONS", "READER_MODE"].map((name) => room.run(body(name), { declaredEnv: [] })),
    );
    const packages = [{ name: "reader", version: "1.2.3" }];
    expect(ordinary).toMatchObject({ uncacheable: null, packages });
    expect(other).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["env.READER_MODE (package reader)"] } },
      packages,
    });
  });

  it("sees the environment without memodag's settings, in the folder of its bundle", async () => {
    process.env["MEMODAG__DATABASE__URL"] = "postgres://secret";
    process.env["EXECUTOR_TEST_SEEN"] = "yes";
    await using room = new ExecutorRoom();
    const outcome = await room.run(
      `dag.task("it", async () => [
         process.cwd(), process.env.EXECUTOR_TEST_SEEN,
         Object.keys(process.env).filter((name) => name.startsWith("MEMODAG__")), typeof process.send])();`,
    );
    delete process.env["MEMODAG__DATABASE__URL"];
    delete process.env["EXECUTOR_TEST_SEEN"];
    expect(returned(outcome)).toEqual([room.bundleDir, "yes", [], "undefined"]);
  });

  it("may return 100 MB", async () => {
    await using room = new ExecutorRoom({ parallelism: 1 });
    for (const length of [1e6, 1e8]) {
      const outcome = await room.run(`dag.task("it", async () => "x".repeat(${length}))();`);
      const size = outcome.kind === "succeeded" ? outcome.xcoms[0]?.bytes.length : 0;
      expect(size).toBe(length + 2);
    }
  });
});

describe("a handler that fails", () => {
  it.each([
    ["throws", `throw new Error("no penguins")`, "task_failed", "no penguins"],
    ["throws what is no error", `throw "plain"`, "task_failed", "plain"],
    ["exits", `process.exit(3)`, "task_exited", "code 3"],
    ["exits as if all were well", `process.exit(0)`, "task_exited", "code 0"],
    [
      "is killed",
      `process.kill(process.pid, "SIGKILL"); await new Promise(() => {})`,
      "task_killed",
      "SIGKILL",
    ],
    ["returns a Date", `return { rows: [0, { at: new Date(0) }] }`, "value_not_json", "$.rows[1].at"],
    [
      "forgets a rejection",
      `Promise.reject(new Error("lost")); await new Promise(() => {})`,
      "task_failed",
      "lost",
    ],
    [
      "throws later",
      `setTimeout(() => { throw new Error("late") }); await new Promise(() => {})`,
      "task_failed",
      "late",
    ],
    [
      "writes to the channel",
      `(await import("node:fs")).writeSync(3, "hello"); await new Promise(() => {})`,
      "worker_failed",
      "descriptor 3",
    ],
    [
      "sends what is no outcome",
      `const json = JSON.stringify([{ kind: "outcome", outcome: { kind: "succeeded", xcoms: [] } }, []]);
       const bytes = Buffer.from("\0\0\0\0\0\0\0\0" + json);
       bytes.writeUInt32BE(json.length + 4);
       bytes.writeUInt32BE(json.length, 4);
       (await import("node:fs")).writeSync(3, bytes); await new Promise(() => {})`,
      "worker_failed",
      "protocol",
    ],
  ])("when it %s", async (_name, statement, code, message) => {
    await using room = new ExecutorRoom();
    const { attempt, finished } = room.submit(`dag.task("it", async () => { ${statement} })();`);
    const error = failed(await finished);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toMatch(/\n\s+at /);
    expect(room.log(attempt)).toContain(`${code}: ${error.message}`);
    expect(room.events.filter(({ kind }) => kind === "finished")).toHaveLength(1);
  });

  it("leaves its stack in the log", async () => {
    await using room = new ExecutorRoom();
    const { attempt, finished } = room.submit(
      `function deep() { throw new Error("no penguins"); }
       dag.task("it", async () => deep())();`,
    );
    await finished;
    expect(room.log(attempt)).toMatch(/Error: no penguins\n\s+at deep/);
  });
});

describe("an attempt that cannot start", () => {
  it("fails when its artifact is not there", async () => {
    await using room = new ExecutorRoom();
    const outcome = await room.run("", { artifactDigest: "0".repeat(64) });
    expect(failed(outcome).code).toBe("artifact_not_found");
    expect(room.events.map(({ kind }) => kind)).toEqual(["finished"]);
  });

  it("fails when the artifact does not load, or has no such Dag or task", async () => {
    await using room = new ExecutorRoom();
    const [broken, noTask, noDag] = await Promise.all([
      room.run(`throw new Error("at the top");`),
      room.run(`dag.task("other", async () => 1)();`),
      room.run(`dag.task("it", async () => 1)();`, { dagId: "elsewhere" }),
    ]);
    expect(failed(broken).message).toContain("at the top");
    expect(failed(noTask).code).toBe("task_not_found");
    expect(failed(noDag).code).toBe("dag_not_found");
  });

  it("fails when the bundle's folder is gone", async () => {
    await using room = new ExecutorRoom({ bundleDir: "/nowhere/dags" });
    const error = failed(await room.run(`dag.task("it", async () => 1)();`));
    expect(error.code).toBe("worker_failed");
    expect(error.message).toContain("/nowhere/dags");
  });

  it("finds an artifact again whose file was damaged", async () => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async () => 1)();`;
    await room.run(body);
    const { artifactDigest } = room.attempt(body);
    writeFileSync(join(room.root, "artifacts", `${artifactDigest}.mjs`), "damaged");
    expect(failed(await room.run(body)).code).toBe("attempt_lost");
    expect(returned(await room.run(body))).toBe(1);
  });
});

describe("slots", () => {
  it("run 20 attempts 4 at a time, each to one end", async () => {
    await using room = new ExecutorRoom({ parallelism: 4 });
    const body = `dag.task("it", async (args) => args.n)({});`;
    const outcomes: Promise<unknown>[] = [];
    let highest = 0;
    const fill = (): void => {
      while (room.executor.capacity("default") > 0 && outcomes.length < 20) {
        const n = outcomes.length;
        const { finished } = room.submit(body, { args: [["n", { kind: "literal", json: String(n) }]] });
        highest = Math.max(highest, 4 - room.executor.capacity("default"));
        outcomes.push(
          finished.then((outcome) => {
            fill();
            return returned(outcome);
          }),
        );
      }
    };
    fill();
    for (let index = 0; index < 20; index++) expect(await outcomes[index]).toBe(index);
    expect(highest).toBe(4);
    expect(room.executor.capacity("default")).toBe(4);
    expect(room.events.filter(({ kind }) => kind === "started")).toHaveLength(20);
    expect(room.events.filter(({ kind }) => kind === "finished")).toHaveLength(20);
  });

  it("are not there for more than there are", async () => {
    await using room = new ExecutorRoom({ parallelism: 1 });
    const body = `dag.task("it", async () => 1)();`;
    const first = room.run(body);
    expect(room.executor.capacity("default")).toBe(0);
    const second = room.attempt(body);
    expect(await room.executor.submit(second)).toBe("full");
    expect(returned(await first)).toBe(1);
    expect(room.events.map(({ attemptId }) => attemptId)).not.toContain(second.attemptId);
    expect(room.executor.capacity("default")).toBe(1);
  });

  it("are fewer after the parallelism is lowered: what runs goes on, what comes is refused", async () => {
    let parallelism = 3;
    await using room = new ExecutorRoom({ parallelism: () => parallelism });
    const body = `dag.task("it", async () => 1)();`;
    const running = [room.run(body), room.run(body)];
    parallelism = 1;
    expect(room.executor.capacity("default")).toBe(0);
    expect(await room.executor.submit(room.attempt(body))).toBe("full");
    expect((await Promise.all(running)).map(returned)).toEqual([1, 1]);
    expect(room.executor.capacity("default")).toBe(1);
    expect(returned(await room.run(body))).toBe(1);
  });
});

describe("the log", () => {
  it("has what the attempt printed and logged between a first and a last line", async () => {
    await using room = new ExecutorRoom();
    const { attempt, started, finished } = room.submit(
      `dag.task("it", async () => {
         console.log("to stdout");
         getContext().log.info("from the context");
         console.error("to stderr");
         process.stdout.write("no line break");
       })();`,
    );
    const { pid } = await started;
    await finished;
    const lines = room.log(attempt).trimEnd().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^\\d{4}-.*Z INFO  attempt 1 of d.it in run .* process ${pid},`));
    expect(lines[1]).toBe("to stdout");
    expect(lines[2]).toMatch(/from the context/);
    expect(lines[3]).toBe("to stderr");
    expect(lines[4]).toBe("no line break");
    expect(lines[5]).toMatch(/^\d{4}-.*Z INFO  succeeded in \d+ms$/);
    expect(lines).toHaveLength(6);
  });
});
