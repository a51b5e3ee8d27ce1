// Commands, each a real program in a real worker.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemodagError, sha256, type Attempt, type AttemptCommand, type AttemptOutcome } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { Bell, ringSource } from "./bell.ts";
import { ExecutorRoom, failed, returned, type RoomOptions, type Submitted } from "./executor-room.ts";
import { ManualClock } from "@memodag/core/testing";

const NODE = process.execPath;
const FOR_EVER = "await new Promise(() => setInterval(() => {}, 1e6));";
const DAG = `dag.command("it", { command: ["node"] })();`;
/** What a program needs to take part. */
const EXCHANGE = `
  import { readFileSync, writeFileSync } from "node:fs";
  const inputs = JSON.parse(readFileSync(process.env.MEMODAG_INPUTS, "utf8"));
  const result = (text) => writeFileSync(process.env.MEMODAG_RESULT, text);
`;

/** An executor's room with programs in it. */
class CommandRoom extends ExecutorRoom {
  /** Writes a file beside the Dag file. */
  write(path: string, text: string): { path: string; digest: string } {
    mkdirSync(join(this.bundleDir, path, ".."), { recursive: true });
    writeFileSync(join(this.bundleDir, path), text);
    return { path, digest: sha256(text) };
  }

  start(command: Partial<AttemptCommand>, overrides: Partial<Attempt> = {}): Submitted {
    const whole = { argv: [], cwd: ".", env: [], sources: [], files: [], visibleEnv: null, ...command };
    return this.submit(DAG, { ...overrides, command: whole });
  }

  /** Runs a Node program that is written in the test. */
  program(
    body: string,
    overrides: Partial<Attempt> = {},
    command: Partial<AttemptCommand> = {},
  ): Promise<AttemptOutcome> {
    this.write("program.mjs", EXCHANGE + body);
    return this.start({ argv: [NODE, "program.mjs"], ...command }, overrides).finished;
  }
}

function newRoom(options: RoomOptions = {}): CommandRoom {
  return new CommandRoom(options);
}

/** An attempt whose result is to be stored. */
const CACHED = { declaredContext: [], declaredEnv: [] };

describe("a command", () => {
  it("takes its arguments as JSON and gives its result as JSON", async () => {
    await using room = newRoom();
    const outcome = await room.program(
      `result(JSON.stringify({ names: Object.keys(inputs), doubled: inputs.rows.map((row) => row * 2), at: -0.0 }));`,
      {
        args: [
          ["rows", { kind: "result", taskId: "load", path: [] }],
          ["depth", { kind: "literal", json: "3" }],
        ],
        results: [["load", room.input([1, 2])]],
      },
    );
    expect(returned(outcome)).toEqual({ names: ["depth", "rows"], doubled: [2, 4], at: 0 });
    expect(outcome).toMatchObject({ uncacheable: null, packages: [] });
  });

  it("gives canonical JSON, whatever it wrote", async () => {
    await using room = newRoom();
    const outcome = await room.program(`result(' { "b": -0.0, "a": [1.50, "\\\\u0041"], "b": 1e2 }\\n');`);
    if (outcome.kind !== "succeeded") throw new Error(`the attempt ${outcome.kind}`);
    expect(Buffer.from(outcome.xcoms[0]?.bytes ?? "").toString()).toBe('{"a":[1.5,"A"],"b":100}');
  });

  it.each([
    ["writes nothing", ""],
    ["writes an empty file", `result("");`],
    ["writes white space", `result(" \\n");`],
  ])("is null when it %s", async (_name, body) => {
    await using room = newRoom();
    expect(returned(await room.program(body))).toBeNull();
  });

  it("gets its arguments as they are, from no shell, in its folder", async () => {
    await using room = newRoom();
    room.write(
      "scripts/show.mjs",
      `${EXCHANGE} result(JSON.stringify([process.argv.slice(2), process.cwd(), readFileSync("here.txt", "utf8")]));`,
    );
    room.write("scripts/here.txt", "here");
    const args = ["$HOME; echo no", "{rows}", "", "*"];
    const { finished } = room.start({ argv: [NODE, "show.mjs", ...args], cwd: "scripts" });
    expect(returned(await finished)).toEqual([args, join(room.bundleDir, "scripts"), "here"]);
  });

  it("has no way to the executor", async () => {
    await using room = newRoom();
    const outcome = await room.start({ argv: ["sh", "-c", "echo forged >&3"] }).finished;
    expect(failed(outcome)).toMatchObject({
      code: "task_failed",
      message: expect.stringMatching(/3: bad file descriptor/i),
    });
  });

  it("writes to the attempt's log, and its last words are in the error", async () => {
    await using room = newRoom();
    room.write(
      "program.mjs",
      `console.log("to stdout"); console.error("first"); console.error("ValueError: bad rows"); process.exit(3);`,
    );
    const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"] });
    expect(failed(await finished)).toEqual({
      code: "task_failed",
      message: expect.stringMatching(
        /program\.mjs exited with code 3 \(on stderr: first \| ValueError: bad rows\): see the log/,
      ),
    });
    expect(await finished).toMatchObject({ retryable: true });
    const log = room.log(attempt);
    for (const said of ["to stdout", "first", "ValueError: bad rows"]) expect(log).toContain(said);
  });

  it("says so when it is killed by a signal", async () => {
    await using room = newRoom();
    const outcome = await room.program(`process.kill(process.pid, "SIGKILL"); ${FOR_EVER}`);
    expect(failed(outcome)).toMatchObject({
      code: "task_killed",
      message: expect.stringContaining("SIGKILL"),
    });
  });
});

describe("a command's result outside JSON", () => {
  it.each([
    ['{"loss": NaN}', 'line 1, column 10: found "NaN}": JSON has no such number: write null'],
    ['{\n  "rows": [1,\n', "line 3, column 1: it ends too early"],
    ["{'a': 1}", "line 1, column 2: found"],
    ["1e999", "1e999 at $ is larger than any number"],
    ['{"ids": [1, 9007199254740993]}', "9007199254740993 at $.ids[1] is not exact in JavaScript"],
    ['{"a": ["\\ud800"]}', "$.a[0]"],
  ])("is refused: %s", async (text, message) => {
    await using room = newRoom();
    const outcome = await room.program(`result(${JSON.stringify(text)});`);
    expect(failed(outcome)).toEqual({ code: "value_not_json", message: expect.stringContaining(message) });
  });

  it("is refused when it is no text, or no file", async () => {
    await using room = newRoom();
    const binary = failed(await room.program(`result(Buffer.from([0x22, 0xff, 0x22]));`));
    expect(binary).toMatchObject({
      code: "value_not_json",
      message: expect.stringContaining("JSON in UTF-8"),
    });
    const folder = failed(
      await room.program(`import { mkdirSync } from "node:fs"; mkdirSync(process.env.MEMODAG_RESULT);`),
    );
    expect(folder.message).toContain("cannot be read");
  });
});

describe("a command that cannot be started", () => {
  it.each<[string, Partial<AttemptCommand>, string]>([
    ["is not on the PATH", { argv: ["memodag-no-such"] }, 'program "memodag-no-such" is not on the PATH'],
    ["is not in its folder", { argv: ["./nope.sh"] }, "there is no file ./nope.sh in "],
    ["has no folder", { argv: [NODE], cwd: "nowhere" }, "create it, or correct the command's cwd"],
    ["may not be executed", { argv: ["./plain.sh"] }, "./plain.sh is not executable: run chmod +x on it"],
    ["has no interpreter", { argv: ["./odd.sh"] }, "the interpreter in its first line"],
  ])("says so when it %s", async (_name, command, message) => {
    await using room = newRoom();
    room.write("plain.sh", "#!/bin/sh\n");
    room.write("odd.sh", "#!/no/such/interpreter\n");
    chmodSync(join(room.bundleDir, "odd.sh"), 0o755);
    const outcome = await room.start(command).finished;
    expect(failed(outcome)).toEqual({
      code: "command_not_started",
      message: expect.stringContaining(message),
    });
  });
});

describe("a command's exit code", () => {
  const exits = { skipOnExitCodes: [99], failOnExitCodes: [3] };

  it("skips the task where its author said so", async () => {
    await using room = newRoom();
    room.write("program.mjs", "process.exit(99);");
    const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"], ...exits });
    expect(await finished).toMatchObject({
      kind: "skipped",
      reason: expect.stringMatching(/program\.mjs exited with code 99, which skips it$/),
    });
    expect(room.log(attempt)).toMatch(/INFO +skipped after \d+ms: .*exited with code 99/);
  });

  it("says that another attempt is of no use", async () => {
    await using room = newRoom();
    const refused = await room.program("process.exit(3);", {}, exits);
    expect(refused).toMatchObject({ kind: "failed", retryable: false, error: { code: "task_failed" } });
    const other = await room.program("process.exit(4);", {}, exits);
    expect(other).toMatchObject({ kind: "failed", retryable: true });
  });
});

it("a command's result over the limit is refused, with what it printed kept", async () => {
  await using room = newRoom({ maxXComBytes: 1_000 });
  room.write("program.mjs", `${EXCHANGE} console.log("did it"); result(JSON.stringify("x".repeat(2_046)));`);
  const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"] });
  expect(failed(await finished)).toEqual({
    code: "xcom_too_large",
    message: expect.stringMatching(
      /^The command's result is 2KiB of JSON, more than \[core\] max_xcom_size of 1000B: save it as an entry/,
    ),
  });
  expect(room.log(attempt)).toContain("did it");
});

describe("a command's environment", () => {
  const SHOW = `result(JSON.stringify(Object.keys(process.env)));`;

  it("is the scheduler's without memodag's settings, and its author's variables", async () => {
    await using room = newRoom();
    process.env["COMMAND_TEST_REGION"] = "eu";
    process.env["MEMODAG__DATABASE__URL"] = "postgres://secret";
    const outcome = await room.program(SHOW, {}, { env: [["LEVEL", "3"]] });
    delete process.env["COMMAND_TEST_REGION"];
    delete process.env["MEMODAG__DATABASE__URL"];
    const names = returned(outcome) as string[];
    expect(names).toEqual(expect.arrayContaining(["COMMAND_TEST_REGION", "LEVEL", "PATH"]));
    expect(names.filter((name) => name.startsWith("MEMODAG_")).sort()).toEqual([
      "MEMODAG_ATTEMPTS",
      "MEMODAG_ATTEMPT_ID",
      "MEMODAG_INPUTS",
      "MEMODAG_RESULT",
    ]);
  });

  it("of a cached one has what is ordinary, what is in its key, and nothing else", async () => {
    await using room = newRoom();
    process.env["COMMAND_TEST_REGION"] = "eu";
    process.env["COMMAND_TEST_OTHER"] = "x";
    const outcome = await room.program(
      `result(JSON.stringify([Object.keys(process.env).filter((name) => !name.startsWith("NODE_")).sort(), process.env.COMMAND_TEST_REGION, process.env.LEVEL]));`,
      CACHED,
      { env: [["LEVEL", "3"]], visibleEnv: ["COMMAND_TEST_REGION"] },
    );
    delete process.env["COMMAND_TEST_REGION"];
    delete process.env["COMMAND_TEST_OTHER"];
    const [names, region, level] = returned(outcome) as [string[], string, string];
    // Some systems add this one by themselves.
    expect(names.filter((name) => name !== "__CF_USER_TEXT_ENCODING")).toEqual([
      "COMMAND_TEST_REGION",
      "LEVEL",
      "MEMODAG_ATTEMPTS",
      "MEMODAG_INPUTS",
      "MEMODAG_RESULT",
      "PATH",
    ]);
    expect([region, level]).toEqual(["eu", "3"]);
  });
});

describe("a command's sources", () => {
  it("as they were let its result be stored", async () => {
    await using room = newRoom();
    const files = [room.write("lib/a.txt", "a"), room.write("lib/b.txt", "b")];
    room.write("lib/__pycache__/a.pyc", "made by running it");
    const outcome = await room.program(`result("1");`, CACHED, { sources: ["lib/**"], files });
    expect(outcome).toMatchObject({ kind: "succeeded", uncacheable: null });
  });

  it.each<[string, (room: CommandRoom) => void, string, string?]>([
    ["changed since the key was made", (room: CommandRoom) => void room.write("lib/a.txt", "other"), ""],
    ["that came since", (room: CommandRoom) => void room.write("lib/A.txt", "new"), "", "lib/A.txt"],
    ["that change while it runs", () => undefined, `writeFileSync("lib/a.txt", "other");`],
    ["that go while it runs", () => undefined, `import { rmSync } from "node:fs"; rmSync("lib/a.txt");`],
  ])("%s keep it from being stored", async (_name, change, statement, culprit = "lib/a.txt") => {
    await using room = newRoom();
    const files = [room.write("lib/a.txt", "a")];
    change(room);
    const outcome = await room.program(`${statement} result("1");`, CACHED, {
      sources: ["lib/*.txt"],
      files,
    });
    expect(outcome).toMatchObject({
      kind: "succeeded",
      uncacheable: { code: "code_changed", detail: { what: culprit } },
    });
    expect(returned(outcome)).toBe(1);
  });

  it("vouch for a failure, too", async () => {
    await using room = newRoom();
    const files = [room.write("a.txt", "a")];
    const sources = ["a.txt"];
    const own = await room.program("process.exit(3);", CACHED, { sources, files });
    expect(own).toMatchObject({ kind: "failed", uncacheable: null, packages: [] });
    const change = `writeFileSync("a.txt", "b"); process.exit(3);`;
    const changed = await room.program(change, CACHED, { sources, files });
    expect(changed).toMatchObject({
      kind: "failed",
      uncacheable: { code: "code_changed", detail: { what: "a.txt" } },
    });
  });

  it("are not looked at when nothing is to be stored", async () => {
    await using room = newRoom();
    const outcome = await room.program(
      `result("1");`,
      {},
      { sources: ["a"], files: [{ path: "a", digest: "x" }] },
    );
    expect(outcome).toMatchObject({ kind: "succeeded", uncacheable: null });
  });
});

describe("the end of a command", () => {
  it("comes on a timeout: asked first, then killed with all that it started", async () => {
    const clock = new ManualClock();
    await using room = newRoom({ clock });
    const bell = await Bell.hang(room.root);
    room.write("child.mjs", `${ringSource(bell.path)} await ring("child"); ${FOR_EVER}`);
    room.write(
      "program.mjs",
      `${ringSource(bell.path)}
       import { spawn } from "node:child_process";
       process.on("SIGTERM", () => void ring("asked"));
       spawn(process.execPath, ["child.mjs"], { stdio: "inherit" });
       await ring("program");
       ${FOR_EVER}`,
    );
    const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"] }, { executionTimeoutMs: 10_000 });
    const program = await bell.rung("program");
    const child = await bell.rung("child");
    clock.advance(10_000);
    await bell.rung("asked");
    clock.advance(2_000);
    expect(failed(await finished).code).toBe("task_timeout");
    await Promise.all([program.gone, child.gone]);
    expect(room.log(attempt)).toContain("task_timeout");
    bell.unhang();
  });

  it("comes when it is cancelled", async () => {
    await using room = newRoom();
    const bell = await Bell.hang(room.root);
    room.write("program.mjs", `${ringSource(bell.path)} await ring("program"); ${FOR_EVER}`);
    const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"] });
    const program = await bell.rung("program");
    room.executor.cancel(attempt.attemptId, { code: "task_failed", message: "cleared" });
    expect(failed(await finished)).toEqual({ code: "task_failed", message: "cleared" });
    await program.gone;
    bell.unhang();
  });

  it("is not put off by a child that it leaves behind with its output open", async () => {
    await using room = newRoom();
    const bell = await Bell.hang(room.root);
    room.write("child.mjs", `${ringSource(bell.path)} await ring("child"); ${FOR_EVER}`);
    const outcome = await room.program(
      `import { spawn } from "node:child_process";
       import { once } from "node:events";
       const child = spawn(process.execPath, ["child.mjs"], { stdio: "inherit" });
       await once(child, "spawn");
       child.unref();
       result('"done"');
       process.exit(0);`,
    );
    expect(returned(outcome)).toBe("done");
    bell.unhang();
  });

  it("leaves no files, however it came", async () => {
    await using room = newRoom();
    const bell = await Bell.hang(room.root);
    const note = `writeFileSync("folder.txt", process.env.MEMODAG_INPUTS.replace(/[^/]*$/, ""));`;
    const folder = (): string => readFileSync(join(room.bundleDir, "folder.txt"), "utf8");
    await room.program(`${note} result("1");`);
    expect(existsSync(folder())).toBe(false);
    await room.program(`${note} result("{"); process.exit(1);`);
    expect(existsSync(folder())).toBe(false);
    room.write("program.mjs", `${EXCHANGE} ${ringSource(bell.path)} ${note} await ring("up"); ${FOR_EVER}`);
    const { attempt, finished } = room.start({ argv: [NODE, "program.mjs"] });
    await bell.rung("up");
    expect(readdirSync(folder())).toEqual(["inputs.json"]);
    room.executor.cancel(attempt.attemptId, { code: "task_failed", message: "cleared" });
    await finished;
    expect(existsSync(folder())).toBe(false);
    bell.unhang();
  });
});

/** A validator of a result, written without a library. */
const CHECKED = `
  const result = { "~standard": { version: 1, vendor: "own", validate: (value) =>
    typeof value?.rows?.[0]?.n === "number"
      ? { value: { total: value.rows[0].n + (process.env.MORE ? 1 : 0) } }
      : { issues: [{ message: "must be a number", path: ["rows", 0, { key: "n" }] }] } } };
  dag.command("it", { command: ["node"], result })();`;

describe("the result of a command with a validator", () => {
  async function run(written: string, overrides: Partial<Attempt> = {}): Promise<AttemptOutcome> {
    await using room = newRoom();
    room.write("program.mjs", `${EXCHANGE} result(${JSON.stringify(written)});`);
    const argv = [NODE, "program.mjs"];
    const command = {
      argv,
      cwd: ".",
      env: [],
      sources: [],
      files: [],
      visibleEnv: null,
      checksResult: true,
    } as const;
    return await room.submit(CHECKED, { ...overrides, command }).finished;
  }

  it("is the validator's output", async () => {
    const outcome = await run('{"rows":[{"n":2}]}');
    expect(returned(outcome)).toEqual({ total: 2 });
  });

  it("fails the task with the paths of the issues", async () => {
    const outcome = await run('{"rows":[{"n":"2"}]}');
    expect(failed(outcome)).toMatchObject({
      code: "result_invalid",
      message: expect.stringContaining("does not match its own schema: rows[0].n: must be a number"),
    });
    expect(new MemodagError("result_invalid", "").fault).toBe("task");
  });

  it("is not cached if the validator read something that is not part of the key", async () => {
    const outcome = await run('{"rows":[{"n":2}]}', CACHED);
    expect(outcome).toMatchObject({ kind: "succeeded", uncacheable: { code: "undeclared_input" } });
  });
});
