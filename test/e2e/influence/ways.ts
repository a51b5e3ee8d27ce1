// Ways by which a result can depend on what lies outside of its handler: sources × ways to reach them.

/** A task of the generated Dags. Its handler returns what it found, or null where there was nothing. */
export interface Way {
  readonly name: string;
  /** Statements before the tasks; they run when the file is loaded. */
  readonly top?: string;
  /** An expression, in an async function. */
  readonly read: string;
  /** What the author says in `cache`, beside `true`. */
  readonly cache?: string;
}

const REGION = "INFLUENCE_REGION";

/** Ways to read a file, by an expression of its path. */
const FILE_WAYS: Readonly<Record<string, (path: string) => string>> = {
  sync: (path) => `fs.readFileSync(${path}, "utf8")`,
  promise: (path) => `fs.promises.readFile(${path}, "utf8")`,
  callback: (path) =>
    `new Promise((ok, no) => fs.readFile(${path}, "utf8", (error, text) => (error ? no(error) : ok(text))))`,
  descriptor: (path) => `fs.readFileSync(fs.openSync(${path}), "utf8")`,
  handle: (path) =>
    `fs.promises.open(${path}).then((file) => file.readFile("utf8").finally(() => file.close()))`,
  stream: (path) => `fs.createReadStream(${path}, "utf8").toArray().then((parts) => parts.join(""))`,
  blob: (path) => `fs.openAsBlob(${path}).then((blob) => blob.text())`,
  copy: (path) => `(fs.copyFileSync(${path}, tmp()), fs.readFileSync(tmp(), "utf8"))`,
  builtin: (path) => `process.getBuiltinModule("node:fs").readFileSync(${path}, "utf8")`,
  dataUrl: (path) => `import(dataUrl).then((it) => it.default(${path}))`,
  package: (path) => `readByPackage(${path})`,
  child: (path) => `execFileSync("cat", [${path}], { encoding: "utf8", stdio: "pipe" })`,
  shell: (path) => `execSync("cat " + ${path}, { encoding: "utf8", stdio: "pipe" })`,
  thread: (path) => `inThread("require('node:fs').readFileSync('" + ${path} + "', 'utf8')")`,
};

const PRESENCE_WAYS: Readonly<Record<string, string>> = {
  exists: `fs.existsSync("data/rows.txt")`,
  stat: `fs.statSync("data/rows.txt").size`,
  access: `fs.promises.access("data/rows.txt").then(() => true)`,
  link: `fs.readlinkSync("data/rows.txt")`,
  list: `fs.readdirSync("data").sort().join()`,
  glob: `fs.globSync("data/*.txt").sort().join()`,
  opendir: `fs.promises.opendir("data").then((dir) => Array.fromAsync(dir, ({ name }) => name)).then((names) => names.sort().join())`,
};

const VARIABLE_WAYS: Readonly<Record<string, string>> = {
  get: `process.env.${REGION}`,
  has: `"${REGION}" in process.env`,
  spread: `({ ...process.env }).${REGION}`,
  inspect: `/${REGION}: '(.*?)'/.exec(inspect(process.env))?.[1]`,
  search: `new URLSearchParams(process.env).get("${REGION}")`,
  clone: `structuredClone(process.env).${REGION}`,
  report: `process.report.getReport().environmentVariables.${REGION}`,
  block: `new RegExp("${REGION}=(\\\\w*)").exec(fs.readFileSync("/proc/self/environ", "latin1"))?.[1]`,
  shell: `execSync("echo $${REGION}", { encoding: "utf8" }).trim()`,
  child: `execFileSync(process.execPath, ["-p", "process.env.${REGION}"], { encoding: "utf8", env: process.env }).trim()`,
  thread: `inThread("process.env.${REGION} ?? null")`,
  package: `variableByPackage("${REGION}")`,
};

const named = (prefix: string, ways: Readonly<Record<string, string>>, cache?: string): Way[] =>
  Object.entries(ways).map(([name, read]) => ({ name: `${prefix}_${name}`, read, ...(cache && { cache }) }));
const reading = (path: string): Record<string, string> =>
  Object.fromEntries(Object.entries(FILE_WAYS).map(([name, read]) => [name, read(JSON.stringify(path))]));
const WATCHABLE = ["sync", "promise", "descriptor", "stream", "copy", "package"];
const only = (ways: Readonly<Record<string, string>>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, ways[name] ?? "null"]));

/** Handlers that declare nothing. */
export const UNDECLARED_WAYS: readonly Way[] = [
  ...named("file", reading("data/rows.txt")),
  ...named("linked", reading("current/rate.txt")),
  ...named("presence", PRESENCE_WAYS),
  ...named("variable", VARIABLE_WAYS),
];

/** Handlers that declare what they read, or that read nothing that need be declared. */
export const DECLARED_WAYS: readonly Way[] = [
  ...named("file_declared", only(reading("data/rows.txt"), WATCHABLE), `files: ["data/*.txt"]`),
  ...named("linked_declared", only(reading("current/rate.txt"), WATCHABLE), `files: ["current/rate.txt"]`),
  ...named("presence_declared", PRESENCE_WAYS, `files: ["data"]`),
  ...named(
    "variable_declared",
    only(VARIABLE_WAYS, ["get", "has", "shell", "package"]),
    `env: ["${REGION}"]`,
  ),
  {
    name: "variable_vouched",
    read: VARIABLE_WAYS["shell"] ?? "",
    cache: `env: ["${REGION}"], trust: ["child_process"]`,
  },
  { name: "runtime_zone", read: `new Date(0).getHours()` },
  { name: "runtime_locale", read: `(1234.5).toLocaleString()` },
  { name: "nothing", read: `1 + 1` },
];

/** Code that is loaded at run time, and a package. */
export const CODE_WAYS: readonly Way[] = [
  { name: "code_require", read: `createRequire(import.meta.url)("./lib/rate.cjs")` },
  { name: "code_json", read: `createRequire(import.meta.url)("./lib/rate.json").rate` },
  {
    name: "code_import",
    read: `import(new URL("./lib/rate.mjs", import.meta.url).href).then((it) => it.default)`,
  },
  { name: "code_computed", read: `import("./lib/" + ["rate", "mjs"].join(".")).then((it) => it.default)` },
  {
    name: "code_fork",
    read: `execFileSync(process.execPath, ["lib/print.mjs"], { encoding: "utf8" }).trim()`,
  },
  {
    name: "code_thread",
    read: `once(new Worker(new URL("./lib/post.mjs", import.meta.url)), "message").then(([it]) => it)`,
  },
  { name: "package_import", top: `import { rate as packaged } from "influence-dep";`, read: `packaged` },
  { name: "package_require", read: `createRequire(import.meta.url)("influence-dep").rate` },
  { name: "package_computed", read: `import(["influence", "dep"].join("-")).then((it) => it.rate)` },
  {
    name: "package_data",
    read: `JSON.parse(fs.readFileSync("node_modules/influence-dep/data.json", "utf8")).rate`,
  },
];

/** What a Dag file reads while it is loaded is in the hash of each of its tasks: files of their own. */
export const LOADING_WAYS: readonly Way[] = [
  {
    name: "loading_file",
    top: `const rows = fs.existsSync("data/rows.txt") ? fs.readFileSync("data/rows.txt", "utf8") : null;`,
    read: `rows`,
  },
  { name: "loading_link", top: `const rate = fs.readFileSync("current/rate.txt", "utf8");`, read: `rate` },
  { name: "loading_list", top: `const names = fs.readdirSync("data").sort().join();`, read: `names` },
  { name: "loading_variable", top: `const region = process.env.${REGION} ?? null;`, read: `region` },
  {
    name: "loading_handler",
    top: `const chosen = process.env.${REGION} === "eu" ? () => "euro" : () => "other";`,
    read: `chosen()`,
  },
  { name: "loading_module", top: `import { linkedRate } from "./current/rate.ts";`, read: `linkedRate` },
];

const PRELUDE = `import fs from "node:fs";
import { execFileSync, execSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { Dag } from "memodag";`;

const HELPERS = `
const tmp = () => tmpdir() + "/memodag-influence-" + process.pid;
const inThread = async (code) => {
  const thread = new Worker("require('node:worker_threads').parentPort.postMessage(" + code + ")", { eval: true });
  return (await once(thread, "message"))[0];
};
const dataUrl = "data:text/javascript,import fs from 'node:fs'; export default (path) => fs.readFileSync(path, 'utf8')";
const found = async (read) => {
  try {
    return (await read()) ?? null;
  } catch {
    return null;
  }
};`;

/** The file, in the workspace, that holds what the tasks of a Dag returned last. */
export function collectedIn(dagId: string): string {
  return `collected-${dagId}.json`;
}

/** The text of a Dag file with a task for each way, and one that collects what they return. */
export function dagOf(dagId: string, ways: readonly Way[], imports = ""): string {
  const used = (name: string): boolean =>
    [HELPERS, ...ways.map(({ read, top = "" }) => read + top)].join().includes(name);
  const prelude = PRELUDE.split("\n").filter((line) =>
    (/import \{? ?(.*?) ?\}? from/.exec(line)?.[1] ?? "")
      .split(", ")
      .some((name) => name === "Dag" || used(name)),
  );
  const tasks = ways.map(
    ({ name, read, cache = "" }) =>
      `const ${name} = dag.task("${name}", () => found(async () => ${read}), { cache: { ${cache} } })();`,
  );
  const names = ways.map(({ name }) => name).join(", ");
  return [
    ...prelude,
    imports,
    ...ways.map(({ top = "" }) => top),
    HELPERS,
    `export const dag = new Dag("${dagId}");`,
    ...tasks,
    `dag.task("collect", (all) => fs.writeFileSync("../${collectedIn(dagId)}", JSON.stringify(all)))({ ${names} });`,
  ].join("\n");
}
