// What a cached handler reads beside its key, by every way that a program has, and what is said of it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestInput, digestVariable } from "@memodag/artifact";
import { reasonSentence, type Attempt, type AttemptOutcome, type DagInputs } from "@memodag/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExecutorRoom, failed, returned } from "../executor-room.ts";

const REGION = "NOTICING_TEST_REGION";

let room: ExecutorRoom;
let outside: string;

beforeAll(() => {
  process.env[REGION] = "eu";
  room = new ExecutorRoom();
  outside = mkdtempSync(join(tmpdir(), "memodag-noticing-"));
  const files = {
    "data/rows.csv": "a,b\n",
    "data/more.csv": "c,d\n",
    "data/notes.txt": "n",
    "lib/plain.cjs": "module.exports = 1;",
    "lib/rows.json": "[1]",
    "lib/esm.mjs": "export default 2;",
    "lib/thread.mjs": "import { parentPort } from 'node:worker_threads'; parentPort.postMessage(1);",
    ".env": "NOTICING_TEST_LOADED=yes\n",
    "node_modules/dep/package.json":
      '{ "name": "dep", "version": "1.0.0", "type": "module", "exports": { ".": "./index.js", "./package.json": "./package.json" } }',
    "node_modules/dep/data.json": '{ "rows": 3 }',
    "node_modules/dep/index.js": `import { existsSync, readFileSync } from "node:fs";
      export const own = () => JSON.parse(readFileSync(new URL("./data.json", import.meta.url), "utf8")).rows;
      export const platform = () => existsSync("/etc/alpine-release");
      export const other = (path) => readFileSync(path, "utf8");
      export const variable = (name) => process.env[name];
      export const report = () => Object.keys(process.report.getReport().header).length > 0;`,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(room.bundleDir, path)), { recursive: true });
    writeFileSync(join(room.bundleDir, path), text);
  }
  writeFileSync(join(outside, "rate.txt"), "1");
});

afterAll(async () => {
  delete process.env[REGION];
  await room[Symbol.asyncDispose]();
  rmSync(outside, { recursive: true, force: true });
});

/** Runs an expression in a cached handler. */
async function run(expression: string, overrides: Partial<Attempt> = {}): Promise<AttemptOutcome> {
  const body = `import fs from "node:fs";
    import { once } from "node:events";
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    const outside = ${JSON.stringify(outside)};
    dag.task("it", async () => (${expression}) ?? null)();`;
  return await room.run(body, { declaredContext: [], declaredEnv: [], ...overrides });
}

/** What is not declared, by name; a failure is told as it is. */
async function noticed(expression: string, overrides: Partial<Attempt> = {}): Promise<string | null> {
  const outcome = await run(expression, overrides);
  if (outcome.kind === "failed") throw new Error(failed(outcome).message);
  if (outcome.kind !== "succeeded") throw new Error(outcome.kind);
  const reason = outcome.uncacheable;
  if (reason?.code === "undeclared_input") return reason.detail.names.join(", ");
  return reason && reasonSentence(reason);
}

describe("a file that a cached handler reads", () => {
  it.each([
    [`fs.readFileSync("data/rows.csv", "utf8")`, "file:data/rows.csv"],
    [`fs.readFileSync(new URL("file://" + process.cwd() + "/data/rows.csv"), "utf8")`, "file:data/rows.csv"],
    [`fs.readFileSync(Buffer.from("data/rows.csv"), "utf8")`, "file:data/rows.csv"],
    [`fs.readFileSync(fs.openSync("data/../data/rows.csv"), "utf8")`, "file:data/rows.csv"],
    [`await fs.promises.readFile("data/rows.csv", "utf8")`, "file:data/rows.csv"],
    [`await (await import("node:fs/promises")).readFile("data/rows.csv", "utf8")`, "file:data/rows.csv"],
    [`(await (await fs.promises.open("data/rows.csv")).readFile()).length`, "file:data/rows.csv"],
    [
      `await new Promise((ok) => fs.readFile("data/rows.csv", "utf8", (_, text) => ok(text)))`,
      "file:data/rows.csv",
    ],
    [
      `await new Promise((ok) => setImmediate(fs.readFile, "data/rows.csv", "utf8", (_, text) => ok(text)))`,
      "file:data/rows.csv",
    ],
    [`(await fs.createReadStream("data/rows.csv").toArray()).length`, "file:data/rows.csv"],
    [`await (await fs.openAsBlob("data/rows.csv")).text()`, "file:data/rows.csv"],
    [`process.getBuiltinModule("fs").readFileSync("data/rows.csv", "utf8")`, "file:data/rows.csv"],
    [`require("fs").readFileSync("data/rows.csv", "utf8")`, "file:data/rows.csv"],
    [
      `await (await import("node:util")).promisify(fs.readFile)("data/rows.csv", "utf8")`,
      "file:data/rows.csv",
    ],
    [`await (await import("node:util")).promisify(fs.exists)("data/none.csv")`, "file:data/none.csv"],
    [`fs.existsSync("data/none.csv")`, "file:data/none.csv"],
    [`fs.statSync("data/none.csv", { throwIfNoEntry: false })`, "file:data/none.csv"],
    [`await fs.promises.access("data/none.csv").catch(() => "none")`, "file:data/none.csv"],
    [`fs.realpathSync.native("data/rows.csv").length`, "file:data/rows.csv"],
    [`fs.readdirSync("data").length`, "file:data/"],
    [`(await Array.fromAsync(await fs.promises.opendir("data"))).length`, "file:data/"],
    [`fs.globSync("data/*.txt").length`, "file:data, file:data/"],
    [`(await Array.fromAsync(fs.promises.glob("data/*.txt"))).length`, "file:data, file:data/"],
    [
      `fs.copyFileSync("data/rows.csv", outside + "/copy.csv"), fs.readFileSync(outside + "/copy.csv", "utf8")`,
      "file:data/rows.csv",
    ],
    [`await fs.promises.cp("data/rows.csv", outside + "/copy2.csv")`, "file:data/rows.csv"],
    [
      `fs.symlinkSync(process.cwd() + "/data/rows.csv", outside + "/link"), fs.readFileSync(outside + "/link", "utf8")`,
      "file:data/rows.csv",
    ],
    [`process.loadEnvFile(), process.env.NOTICING_TEST_LOADED`, "env.NOTICING_TEST_LOADED, file:.env"],
    [`require("./lib/plain.cjs")`, "file:lib/plain.cjs"],
    [`require("./lib/rows.json")`, "file:lib/rows.json"],
    [`(await import("file://" + process.cwd() + "/lib/esm.mjs")).default`, "file:lib/esm.mjs"],
    [
      `(await import("data:text/javascript,import fs from 'node:fs'; export default fs.readFileSync('data/rows.csv','utf8')")).default`,
      "file:data/rows.csv",
    ],
    [
      `new (await import("node:sqlite")).DatabaseSync("data/rows.csv", { open: false }) && 1`,
      "file:data/rows.csv",
    ],
    [`process.binding("fs") && 1`, "process.binding"],
    [`(() => { try { fs.rmSync("data/none.csv"); } catch { return "none"; } })()`, "file:data/none.csv"],
    [`fs.promises.unlink("data/none.csv").catch(() => "none")`, "file:data/none.csv"],
    [`require("node:module").register("data:text/javascript,")`, "worker_threads"],
    [`(await import("node:http2")).createServer().close() && 1`, "http2_server"],
    [
      `require("node:module").findPackageJSON("dep", "file://" + process.cwd() + "/d.ts").length`,
      "file:node_modules/dep/package.json",
    ],
  ])("is noticed: %s", async (expression, names) => {
    expect(await noticed(expression)).toBe(names);
  });

  it("is named as it is when it is outside of the bundle", async () => {
    expect(await noticed(`fs.readFileSync(outside + "/rate.txt", "utf8")`)).toBe(`file:${outside}/rate.txt`);
  });

  it("is noticed when the artifact is loaded, too", async () => {
    const body = `import { readFileSync } from "node:fs";
      const rows = readFileSync("data/rows.csv", "utf8");
      dag.task("it", async () => rows)();`;
    const outcome = await room.run(body, { declaredContext: [], declaredEnv: [] });
    expect(outcome).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["file:data/rows.csv"] } },
    });
  });

  it("is named ten times at most", async () => {
    const reason = await noticed(`Array.from({ length: 25 }, (_, n) => fs.existsSync("data/" + n)).length`);
    expect(reason?.split(", ")).toHaveLength(11);
    expect(reason).toMatch(/, 15 more files$/);
  });

  it.each([
    ["declared by name", `fs.readFileSync("data/rows.csv", "utf8")`, { declaredFiles: ["data/rows.csv"] }],
    [
      "declared by a glob",
      `["rows", "more"].map((name) => fs.readFileSync("data/" + name + ".csv", "utf8"))`,
      { declaredFiles: ["data/*.csv"] },
    ],
    ["declared and missing", `fs.existsSync("data/none.csv")`, { declaredFiles: ["data/*.csv"] }],
    ["of a folder that is declared", `fs.readdirSync("data").length`, { declaredFiles: ["data"] }],
    ["vouched for", `fs.readdirSync("/").length`, { trust: ["file_reads"] as const }],
    ["of an installed package", `(await import("dep")).own()`, {}],
    [
      "that the attempt wrote",
      `fs.writeFileSync(outside + "/mine", "1"), fs.readFileSync(outside + "/mine", "utf8")`,
      {},
    ],
    [
      "in a folder that the attempt made",
      `((folder) => { fs.appendFileSync(folder + "/a", "1"); return [fs.readdirSync(folder), fs.existsSync(folder + "/b"), fs.readFileSync(fs.realpathSync(folder) + "/a", "utf8"), fs.rmSync(folder, { recursive: true }) ?? null]; })(fs.mkdtempSync(outside + "/made-"))`,
      {},
    ],
    [
      "written and read by streams",
      `((out) => { out.end("1"); return once(out, "finish"); })(fs.createWriteStream(outside + "/streamed")).then(() => fs.promises.readFile(outside + "/streamed", "utf8"))`,
      {},
    ],
    [
      "removed by force, then written",
      `fs.rmSync(outside + "/forced", { force: true }), fs.writeFileSync(outside + "/forced", "1"), fs.readFileSync(outside + "/forced", "utf8")`,
      {},
    ],
    [
      "removed by force, then written, by other functions",
      `await fs.promises.rm(outside + "/f2", { force: true, recursive: true }), await new Promise((ok) => fs.rm(outside + "/f3", { force: true }, ok)), fs.mkdirSync(outside + "/f2/deep", { recursive: true }), fs.mkdirSync(outside + "/f2/deep", { recursive: true }), fs.writeFileSync(outside + "/f3", "1"), fs.unlinkSync(outside + "/f3"), fs.writeFileSync(outside + "/f3", "2"), fs.readFileSync(outside + "/f3", "utf8")`,
      {},
    ],
    [
      "of a time zone",
      `[fs.existsSync("/usr/share/zoneinfo"), new Date(0).toLocaleString("de", { timeZone: "Asia/Tokyo" })]`,
      {},
    ],
    ["that says on which platform a package is", `(await import("dep")).platform()`, {}],
    ["that is no file", `fs.existsSync(process.cwd()) && fs.readFileSync("/dev/null", "utf8")`, {}],
    [
      "copied by the attempt",
      `fs.mkdirSync(outside + "/own"), fs.writeFileSync(outside + "/own/a", "1"), fs.promises.cp(outside + "/own", outside + "/copied", { recursive: true }).then(() => fs.readdirSync(outside + "/copied"))`,
      {},
    ],
  ])("is no input when it is %s", async (_, expression, overrides) => {
    expect(await noticed(expression, overrides)).toBeNull();
  });

  it.each([
    [`fs.readdirSync("data").length`, "file:data/"],
    [`fs.readFileSync("data/notes.txt", "utf8")`, "file:data/notes.txt"],
    [
      `fs.appendFileSync("data/rows.csv", ""), fs.readFileSync("data/.hidden", { encoding: "utf8", flag: "a+" })`,
      "file:data/.hidden",
    ],
  ])("counts beside what is declared: %s", async (expression, names) => {
    expect(await noticed(expression, { declaredFiles: ["data/*.csv"] })).toBe(names);
  });

  it("is told with the package that read it", async () => {
    expect(await noticed(`(await import("dep")).other("data/rows.csv")`)).toBe(
      "file:data/rows.csv (package dep)",
    );
  });

  it("is noticed when it is a package's, and not read by a package", async () => {
    expect(await noticed(`fs.readFileSync("node_modules/dep/data.json", "utf8")`)).toBe(
      "file:node_modules/dep/data.json",
    );
  });

  it("makes a package that is required one that was used", async () => {
    const packages = [{ name: "dep", version: "1.0.0" }];
    expect(await run(`require("dep").own()`)).toMatchObject({ uncacheable: null, packages });
  });

  it("leaves errors, and what is not caught, as they are", async () => {
    const outcomes = await Promise.all([
      run(`fs.readFileSync("data/none.csv")`),
      run(`void fs.promises.readFile("data/none.csv"), await new Promise((ok) => setTimeout(ok, 10_000))`),
      run(`await fs.promises.mkdir("data")`),
    ]);
    expect(outcomes.map((outcome) => failed(outcome).message)).toEqual([
      expect.stringMatching(/^ENOENT: no such file or directory, open 'data\/none.csv'$/),
      expect.stringMatching(/^ENOENT/),
      expect.stringMatching(/^EEXIST/),
    ]);
    expect(outcomes[2]).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["file:data"] } },
    });
  });
});

describe("what the Dag file was read with", () => {
  const body = `import { existsSync, readdirSync, readFileSync } from "node:fs";
    const made = [readFileSync("data/rows.csv", "utf8"), readdirSync("data").length, existsSync("none"), process.env.${REGION}];
    dag.task("it", async () => made.length)();`;
  const inputs = (): DagInputs => ({
    files: ["data/", "data/rows.csv", "none"].map((path) => [
      path,
      digestInput(join(room.bundleDir, path) + (path.endsWith("/") ? "/" : "")),
    ]),
    env: [[REGION, digestVariable(process.env, REGION)]],
  });
  const attempt = (overrides: Partial<DagInputs> = {}) =>
    room.run(body, { declaredContext: [], declaredEnv: [], inputs: { ...inputs(), ...overrides } });

  it("is in the key, and may be read, but for variables that are not declared", async () => {
    expect(await attempt()).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: [`env.${REGION}`] } },
    });
    const declared = { declaredContext: [], declaredEnv: [REGION], inputs: inputs() };
    expect(await room.run(body, declared)).toMatchObject({ uncacheable: null });
  });

  it("is compared with what a worker finds", async () => {
    const other = inputs().files.map(([path, digest]) => [path, path === "none" ? "0" : digest] as const);
    const outcomes = await Promise.all([attempt({ files: other }), attempt({ env: [[REGION, null]] })]);
    expect(outcomes).toMatchObject([
      { uncacheable: { code: "code_changed", detail: { what: "none is not what the Dag was read with" } } },
      {
        uncacheable: {
          code: "code_changed",
          detail: { what: `env.${REGION} is not what the Dag was read with` },
        },
      },
    ]);
  });

  it("is compared again when the handler has ended", async () => {
    const changing = `import fs from "node:fs";
      fs.readFileSync("data/changing");
      dag.task("it", async () => (await import("node:fs/promises")).writeFile("data/changing", "2"))();`;
    writeFileSync(join(room.bundleDir, "data/changing"), "1");
    const digest = digestInput(join(room.bundleDir, "data/changing"));
    const overrides = {
      declaredContext: [],
      declaredEnv: [],
      inputs: { files: [["data/changing", digest]], env: [] },
    } as const;
    expect(await room.run(changing.replace("))()", ").then(() => null))()"), overrides)).toMatchObject({
      uncacheable: {
        code: "code_changed",
        detail: { what: "data/changing is not what the Dag was read with" },
      },
    });
  });
});

describe("the environment of a cached handler", () => {
  const util = `(await import("node:util"))`;

  it.each([
    [`process.env.${REGION}`, `env.${REGION}`],
    [`"${REGION}" in process.env`, `env.${REGION}`],
    [`Reflect.getOwnPropertyDescriptor(process.env, "${REGION}").value`, `env.${REGION}`],
    [`(await import("dep")).variable("${REGION}")`, `env.${REGION} (package dep)`],
    [`(await import("node:process")).env.${REGION}`, `env.${REGION}`],
    [`${util}.inspect(process.env).includes("${REGION}")`, "env"],
    [`${util}.format("%o", process.env).includes("${REGION}")`, "env"],
    [`new URLSearchParams(process.env).get("${REGION}")`, "env"],
    [`(await import("node:querystring")).stringify(process.env).includes("${REGION}")`, "env"],
    [`structuredClone(process.env).${REGION}`, "env"],
    [`({ ...process.env }).${REGION}`, "env"],
    [`JSON.stringify(process.env).includes("${REGION}")`, "env"],
    [
      `await new Promise((ok) => { const copy = {}; setImmediate(Object.assign.bind(null, copy, process.env)); setTimeout(() => ok(copy.${REGION}), 5); })`,
      "env",
    ],
  ])("is noticed, and is what it would be without a cache: %s", async (expression, names) => {
    const declared = { declaredContext: null, declaredEnv: null };
    const [cached, plain] = await Promise.all([run(expression), run(expression, declared)]);
    expect(cached).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: names.split(", ") } },
    });
    expect(returned(cached)).toEqual(returned(plain));
  });

  it.each([
    [`process.report.getReport().environmentVariables.${REGION}`, "process.report"],
    [
      `require("node:fs").readFileSync("/proc/self/environ", "utf8").includes("${REGION}") || null`,
      "file:/proc/self/environ",
    ],
  ])("is not to be had behind its back: %s", async (expression, names) => {
    const outcome = await run(expression);
    expect(outcome).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: names.split(", ") } },
    });
    expect(returned(outcome)).toBeNull();
  });

  it("may be written, and read again", async () => {
    const expression = `(() => {
      process.env.NOTICING_TEST_A = 1; delete process.env.${REGION};
      try { process.env.NOTICING_TEST_B = Symbol(); } catch (error) { process.env.NOTICING_TEST_B = error.name; }
      process.env.TZ = "Asia/Tokyo";
      return [process.env.NOTICING_TEST_A, process.env.${REGION} ?? "none", process.env.NOTICING_TEST_B, new Date(0).getHours()];
    })()`;
    const outcome = await run(expression);
    expect(outcome).toMatchObject({ uncacheable: null });
    expect(returned(outcome)).toEqual(["1", "none", "TypeError", 9]);
  });

  it("is not noticed where it makes no difference", async () => {
    expect(
      await noticed(`[(await import("node:os")).tmpdir(), (await import("dep")).report()].length`),
    ).toBeNull();
  });
});

describe("what nobody can watch", () => {
  const child = `(await import("node:child_process"))`;
  const shell = `"sh", ["-c", "echo $${REGION}"]`;
  const thread = `new (await import("node:worker_threads")).Worker`;
  const evaluated = `${thread}("require('node:worker_threads').parentPort.postMessage(process.env.${REGION} ?? null)", { eval: true })`;

  it.each([
    [`${child}.execFileSync(${shell}, { encoding: "utf8" }).trim()`, "child_process", "eu"],
    [`${child}.execSync("echo $${REGION}", { encoding: "utf8" }).trim()`, "child_process", "eu"],
    [
      `${child}.spawnSync(${shell}, { encoding: "utf8", env: process.env }).stdout.trim()`,
      "child_process",
      "eu",
    ],
    [
      `(await (await import("node:util")).promisify(${child}.execFile)(${shell})).stdout.trim()`,
      "child_process",
      "eu",
    ],
    [`String((await ${child}.spawn(${shell}).stdout.toArray())[0]).trim()`, "child_process", "eu"],
    [
      `process.getBuiltinModule("child_process").execFileSync(${shell}, { encoding: "utf8" }).trim()`,
      "child_process",
      "eu",
    ],
    [`(await once(${evaluated}, "message"))[0]`, "worker_threads", "eu"],
    [
      `(await once(${thread}(new URL("./lib/thread.mjs", import.meta.url)), "message"))[0]`,
      "worker_threads",
      1,
    ],
    [`new (await import("node:inspector")).Session().connect() ?? 1`, "inspector", 1],
  ])("is not stored: %s", async (expression, names, value) => {
    const outcome = await run(expression);
    expect(outcome).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: names.split(", ") } },
    });
    expect(returned(outcome)).toBe(value);
  });

  it.each([
    [`${child}.execFileSync(${shell}, { encoding: "utf8" }).trim()`, "child_process", ""],
    [`${child}.execFileSync(${shell}, { encoding: "utf8", env: process.env }).trim()`, "child_process", ""],
    [`(await once(${evaluated}, "message"))[0]`, "worker_threads", null],
  ] as const)(
    "is stored when it is vouched for, and is shown what the key has: %s",
    async (expression, trust, value) => {
      const hidden = await run(expression, { trust: [trust] });
      const declared = await run(expression, { trust: [trust], declaredEnv: [REGION] });
      expect([hidden, declared]).toMatchObject([{ uncacheable: null }, { uncacheable: null }]);
      expect([returned(hidden), returned(declared)]).toEqual([value, "eu"]);
    },
  );

  it("shows an attempt that is not cached all there is", async () => {
    const outcome = await run(`${child}.execFileSync(${shell}, { encoding: "utf8" }).trim()`, {
      declaredEnv: null,
    });
    expect(outcome).toMatchObject({ uncacheable: null });
    expect(returned(outcome)).toBe("eu");
  });
});
