import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dagSource, Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.create();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await project.remove();
});

const IMPORTS = `import fs, { readFileSync, existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
const here = (name: string) => new URL(name, import.meta.url);
const require = createRequire(import.meta.url);`;

async function pass(): Promise<string | undefined> {
  return (await project.process()).files[0]?.kind;
}

const hash = () => project.dag("a").tasks[0]?.sourceHash;

describe("a file that is read while a Dag file is loaded is an input of it", () => {
  it.each([
    ["readFileSync", `const rate = Number(readFileSync(here("./rate.txt"), "utf8"));`],
    ["readFileSync of the default export", `const rate = Number(fs.readFileSync("rate.txt", "utf8"));`],
    ["the promises of node:fs", `const rate = Number(await readFile(here("./rate.txt")));`],
    [
      "a callback",
      `const rate = await new Promise((done) => fs.readFile("rate.txt", (_, text) => done(Number(text))));`,
    ],
    ["a stream", `let rate = ""; for await (const part of fs.createReadStream("rate.txt")) rate += part;`],
    [
      "a descriptor",
      `const fd = fs.openSync("rate.txt", "r"); const rate = String(fs.readFileSync(fd)); fs.closeSync(fd);`,
    ],
    ["require", `const rate = require("./rate.json");`],
    [
      "getBuiltinModule",
      `const rate = Number(process.getBuiltinModule("fs").readFileSync("rate.txt", "utf8"));`,
    ],
    ["a listing", `const rate = readdirSync(here("./rates/")).length;`],
    ["being there", `const rate = existsSync("extra.txt") ? 2 : 1;`],
    ["stat", `const rate = await stat("extra.txt").then(() => 2, () => 1);`],
  ])("by %s", async (_how, statement) => {
    await project.write("dags/rate.txt", "1");
    await project.write("dags/rate.json", "1");
    await project.write("dags/rates/1.txt", "");
    await project.write("dags/a.ts", dagSource("a", "rate", `${IMPORTS}\n${statement}`));
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    const before = hash();
    await project.write("dags/rate.txt", "2");
    await project.write("dags/rate.json", "2");
    await project.write("dags/rates/2.txt", "");
    await project.write("dags/extra.txt", "x");
    expect(await pass()).toBe("read");
    expect(hash()).not.toBe(before);
    expect(await pass()).toBe("unchanged");
    expect(project.dag("a").inputs?.files.length).toBeGreaterThan(0);
  });

  it("also by a package that looks for its settings", async () => {
    await project.install(
      "dags",
      "settings",
      "1.0.0",
      `import { readFileSync } from "node:fs"; export const rate = readFileSync("rate.txt", "utf8");`,
    );
    await project.write("dags/rate.txt", "1");
    await project.write("dags/a.ts", dagSource("a", "rate", `import { rate } from "settings";`));
    expect(await pass()).toBe("read");
    await project.write("dags/rate.txt", "2");
    expect(await pass()).toBe("read");
  });

  it("and one that it only writes is none", async () => {
    await project.write(
      "dags/a.ts",
      dagSource(
        "a",
        "1",
        `${IMPORTS}\nfs.appendFileSync("log.txt", "read\\n"); fs.writeFileSync("out.txt", String(Math.random()));`,
      ),
    );
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
  });
});

describe("a variable that is read while a Dag file is loaded is an input of it", () => {
  it.each([
    ["by name", `const rate = process.env.RATE ?? "none";`],
    ["by a computed name", `const rate = process.env[["RA", "TE"].join("")];`],
    ["by asking whether it is there", `const rate = "RATE" in process.env ? 1 : 2;`],
    ["among all", `const rate = Object.entries(process.env).filter(([name]) => name === "RATE").length;`],
    ["through its descriptor", `const rate = Object.getOwnPropertyDescriptor(process.env, "RATE")?.value;`],
  ])("%s", async (_how, statement) => {
    await project.write("dags/a.ts", dagSource("a", "rate", statement));
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    vi.stubEnv("RATE", "2");
    expect(await pass()).toBe("read");
    expect(project.dag("a").inputs?.env.map(([name]) => name)).toContain("RATE");
    expect(await pass()).toBe("unchanged");
  });

  it("and what it chose is in the hash", async () => {
    const source = `import { Dag } from "memodag";
const fast = () => "fast";
const slow = () => "slow";
export const dag = new Dag("a");
dag.task("work", process.env.RATE ? fast : slow, { cache: { env: ["RATE"] } })();`;
    await project.write("dags/a.ts", source);
    await pass();
    const slow = hash();
    vi.stubEnv("RATE", "1");
    await pass();
    const fast = hash();
    expect(fast).not.toBe(slow);
    await project.write("dags/a.ts", source.replace(`"fast"`, `"faster"`));
    await pass();
    expect(hash()).not.toBe(fast);
  });

  it("unless Node hands all of it to a child process", async () => {
    await project.write(
      "dags/a.ts",
      dagSource("a", "1", `import { execFileSync } from "node:child_process"; execFileSync("true");`),
    );
    await pass();
    expect(project.dag("a").inputs).toBeUndefined();
  });
});

describe("a link that is pointed elsewhere is a change", () => {
  async function release(name: string, value: number): Promise<void> {
    await project.write(`${name}/lib/rows.ts`, `import { n } from "../n.ts"; export const rows = n;`);
    await project.write(`${name}/n.ts`, `export const n = ${value};`);
    await project.write(`${name}/dag.ts`, dagSource("a", "n", `import { n } from "./n.ts";`));
    await project.write(
      `${name}/package.json`,
      JSON.stringify({ name: "rows", type: "module", exports: "./lib/rows.ts" }),
    );
  }

  it.each([
    ["the Dag file", "dags/a.ts", (name: string) => `${name}/dag.ts`, null],
    ["a module", "dags/rows.ts", (name: string) => `${name}/lib/rows.ts`, "./rows.ts"],
    ["a module's folder", "dags/lib", (name: string) => `${name}/lib`, "./lib/rows.ts"],
    ["a module's folder, without its ending", "dags/lib", (name: string) => `${name}/lib`, "./lib/rows"],
    ["a folder above", "shared", (name: string) => name, "../shared/lib/rows.ts"],
    ["a package of the project", "node_modules/rows", (name: string) => name, "rows"],
  ])("%s", async (_what, link, target, specifier) => {
    await release("one", 1);
    await release("two", 2);
    await mkdir(join(project.root, "node_modules"), { recursive: true });
    await mkdir(join(project.root, "dags"), { recursive: true });
    if (specifier)
      await project.write("dags/a.ts", dagSource("a", "rows", `import { rows } from "${specifier}";`));
    const point = async (name: string) => {
      await rm(join(project.root, link), { force: true });
      await symlink(join(project.root, target(name)), join(project.root, link));
    };
    await point("one");
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    const before = hash();
    await point("two");
    expect(await pass()).toBe("read");
    expect(hash()).not.toBe(before);
    await rm(join(project.root, link));
    await point("one");
    expect(await pass()).toBe("read");
    expect(hash()).toBe(before);
  });

  it("among the sources of a command, once and not for ever", async () => {
    await project.write("one/x.sql", "select 1");
    await project.write("two/x.sql", "select 2");
    await project.write(
      "dags/a.ts",
      `import { Dag } from "memodag"; export const dag = new Dag("a"); dag.command("work", { command: ["true"], sources: ["sql/x.sql"], cache: true })();`,
    );
    await symlink(join(project.root, "one"), join(project.root, "dags/sql"));
    expect(await pass()).toBe("read");
    expect(await pass()).toBe("unchanged");
    const before = hash();
    await rm(join(project.root, "dags/sql"));
    await symlink(join(project.root, "two"), join(project.root, "dags/sql"));
    expect(await pass()).toBe("read");
    expect(hash()).not.toBe(before);
  });
});

describe("what is no file is never opened", () => {
  it("a FIFO or a socket among Dag files is passed over", async () => {
    await project.write("dags/a.ts", dagSource("a"));
    execFileSync("mkfifo", [join(project.root, "dags/b.ts")]);
    const server = createServer().listen(join(project.root, "dags/c.ts"));
    await symlink("/dev/zero", join(project.root, "dags/d.ts"));
    expect((await project.process()).files).toEqual([{ kind: "read", path: "a.ts", dagIds: ["a"] }]);
    await new Promise((done) => server.close(done));
  });

  it("one that a Dag file imports is that file's fault", async () => {
    await project.write("dags/a.ts", dagSource("a"));
    await project.write("dags/b.ts", dagSource("b", "rows", `import { rows } from "./pipe.ts";`));
    execFileSync("mkfifo", [join(project.root, "dags/pipe.ts")]);
    const { files } = await project.process();
    expect(files[0]).toMatchObject({ kind: "read" });
    expect(files[1]).toMatchObject({
      kind: "broken",
      error: { message: expect.stringMatching(/"pipe\.ts" is not a readable file/) },
    });
  });

  it("one among a command's sources is left out", async () => {
    execFileSync("mkdir", ["-p", join(project.root, "dags/sql")]);
    execFileSync("mkfifo", [join(project.root, "dags/sql/pipe.sql")]);
    await project.write("dags/sql/x.sql", "select 1");
    await project.write(
      "dags/a.ts",
      `import { Dag } from "memodag"; export const dag = new Dag("a"); dag.command("work", { command: ["true"], sources: ["sql/*"], cache: true })();`,
    );
    expect(await pass()).toBe("read");
    expect(project.dag("a").tasks[0]?.command?.files.map(({ path }) => path)).toEqual(["sql/x.sql"]);
  });
});
