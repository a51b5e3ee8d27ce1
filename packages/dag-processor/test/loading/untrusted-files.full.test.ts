import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dagSource, Project } from "../project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
  await project.write("dags/good.ts", dagSource("good"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await project.remove();
});

/** Reads a Dag file that does something before it makes its Dag; the good one beside it has to be read. */
async function readWith(statement: string, imports = "") {
  await project.write("dags/odd.ts", `${imports}\n${statement}\n${dagSource("odd")}`);
  const { files } = await project.process({ loadTimeoutMs: 10_000 });
  expect(files[0]).toEqual({ kind: "read", path: "good.ts", dagIds: ["good"] });
  return files[1];
}

const FS = `import * as fs from "node:fs";`;
const LOADED = {
  kind: "loaded",
  dags: [],
  exportsFunction: true,
  packages: [],
  located: { handlers: [], heap: [] },
};

describe("a Dag file that meddles with how it is read is read for what it is", () => {
  it.each([
    ["sends a message", `process.send?.("ready");`],
    ["sends null", `process.send?.(null as never);`],
    ["sends an answer", `process.send?.(${JSON.stringify(LOADED)} as never);`],
    ["disconnects", `process.disconnect?.();`],
    ["replaces JSON.stringify", `JSON.stringify = (() => "1") as never;`],
    ["replaces JSON", `(globalThis as any).JSON = { stringify: () => "{}", parse: () => null };`],
    ["gives lists a toJSON", `(Array.prototype as any).toJSON = () => "list";`],
    ["gives objects a toJSON", `(Object.prototype as any).toJSON = () => "object";`],
    ["gives strings a toJSON", `(String.prototype as any).toJSON = () => 1;`],
    [
      "sets a setter on Object.prototype",
      `Object.defineProperty(Object.prototype, "kind", { set() {}, configurable: true });`,
    ],
    [
      "replaces the methods of lists",
      `for (const name of ["map", "flat", "filter", "push", "every"]) (Array.prototype as any)[name] = () => [];`,
    ],
    ["replaces iterating over lists", `(Array.prototype as any)[Symbol.iterator] = function* () {};`],
    ["replaces Promise", `(globalThis as any).Promise = class {};`],
    ["replaces then", `(Promise.prototype as any).then = () => {};`],
    ["replaces Object.entries", `Object.entries = (() => []) as never;`],
    ["replaces Buffer.from", `(Buffer as any).from = () => Buffer.alloc(0);`],
    [
      "replaces Reflect's functions",
      `Reflect.ownKeys = (() => []) as never; Reflect.defineProperty = () => false;`,
    ],
    ["replaces fs.writeSync", `(fs.default as any).writeSync = () => 0;`, FS],
    ["replaces process.exit and kill", `(process as any).exit = (process as any).kill = () => {};`],
    ["takes its listeners away", `process.removeAllListeners();`],
    [
      "prints megabytes",
      `for (let i = 0; i < 64; i++) { console.log("x".repeat(65536)); console.error("x".repeat(65536)); }`,
    ],
  ])("%s", async (_what, statement, imports = "") => {
    expect(await readWith(statement, imports)).toEqual({ kind: "read", path: "odd.ts", dagIds: ["odd"] });
    expect(project.dag("odd").tasks[0]).toMatchObject({ taskId: "work", args: [] });
  });
});

describe("a Dag file that cannot be read is told for what it did", () => {
  it.each([
    [
      "writes an answer of its own",
      `fs.writeSync(3, ${JSON.stringify(`${JSON.stringify(LOADED)}\n`)});`,
      /wrote to descriptor 3/,
    ],
    ["writes a header of its own", `fs.writeSync(3, "00 5\\nhello");`, /wrote to descriptor 3/],
    ["closes the descriptor", `fs.closeSync(3);`, /closed descriptor 3/],
    [
      "puts a file in its place",
      `fs.closeSync(3); fs.openSync("package.json", "w+");`,
      /closed descriptor 3/,
    ],
    [
      "replaces a method for good",
      `Object.defineProperty(Array.prototype, "map", { value: () => [], configurable: false });`,
      /permanently replaced Array\.prototype\.map/,
    ],
    [
      "loses the tasks of its Dag",
      `Map.prototype.set = function () { return this; };`,
      /1 of its 1 tasks were lost.*replaced methods of Map/,
    ],
    [
      "loses them by a Map of its own",
      `(globalThis as any).Map = class extends Map { override set() { return this; } };`,
      /1 of its 1 tasks were lost.*replaced methods of Map/,
    ],
    [
      "adds a toJSON for good",
      `Object.defineProperty(Array.prototype, "toJSON", { value: () => 1 });`,
      /permanently replaced Array\.prototype\.toJSON/,
    ],
    [
      "ends its process from a listener",
      `process.on("exit", () => {}); process.exit(0);`,
      /exit code 0.*process\.exit/,
    ],
    [
      "is ended while it prints",
      `fs.writeSync(2, "last words\\n"); process.kill(process.pid, "SIGKILL");`,
      /SIGKILL, saying "last words"/,
    ],
  ])("%s", async (_what, statement, message) => {
    expect(await readWith(statement, FS)).toMatchObject({
      kind: "broken",
      error: { file: "odd.ts", message: expect.stringMatching(message) },
    });
  });
});

it("is not waited for by what it leaves behind with its output", async () => {
  const command = `"setTimeout(() => {}, 1e9)"`;
  const summary = await readWith(
    `const { pid } = spawn(process.execPath, ["-e", ${JSON.stringify(command)}], { stdio: "inherit" });\nwriteFileSync("pid", String(pid));`,
    `import { spawn } from "node:child_process";\nimport { writeFileSync } from "node:fs";`,
  );
  expect(summary).toMatchObject({ kind: "read" });
  process.kill(Number(spawnSync("cat", [join(project.root, "dags/pid")], { encoding: "utf8" }).stdout));
});

describe("variables that Node hands to its own children", () => {
  it.each([
    ["WATCH_REPORT_DEPENDENCIES", "1"],
    ["NODE_CHANNEL_FD", "3"],
    ["NODE_CHANNEL_SERIALIZATION_MODE", "advanced"],
    ["NODE_UNIQUE_ID", "1"],
    ["NODE_OPTIONS", "--inspect-brk=0 --no-warnings"],
  ])("%s does not stop a Dag file from being read", async (name, value) => {
    vi.stubEnv(name, value);
    expect(await readWith("")).toMatchObject({ kind: "read" });
  });
});

describe("what a handler captured", () => {
  it.each([
    ["a circular structure", `const held: any = { n: 1 }; held.self = held;`],
    ["a bigint", `const held: any = { limit: 10n };`],
    [
      "a value that throws when it is written down",
      `const held: any = { toJSON() { throw new Error("no"); } };`,
    ],
    ["a function in a list", `const held: any = [() => 1, Symbol("x"), -0, NaN];`],
  ])("may be %s", async (_what, declaration) => {
    await project.write(
      "dags/odd.ts",
      `import { Dag } from "memodag";
export const dag = new Dag("odd");
function make() { ${declaration} return () => String(held); }
dag.task("work", make(), { cache: true })();`,
    );
    const { files } = await project.process();
    expect(files[1]).toEqual({ kind: "read", path: "odd.ts", dagIds: ["odd"] });
  });
});
