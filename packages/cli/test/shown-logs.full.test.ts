// `memodag tasks logs`: what a terminal gets, what a pipe gets, and logs that are larger than a string may be.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { stdout as output } from "../src/output/standard-streams.ts";
import { Project } from "./project.ts";

/** What a terminal would act upon or misrepresent, by name: as a task writes it, and as a terminal is shown it. */
const HOSTILE = {
  "an escape sequence that clears the screen": ["\u001B[2J\u001B[H", "\\x1b[2J\\x1b[H"],
  "a title of the window": ["\u001B]0;owned\u0007", "\\x1b]0;owned\\x07"],
  "a C1 control sequence": ["\u009B31m", "\\x9b31m"],
  "a C1 string": ["\u0090q\u009C", "\\x90q\\x9c"],
  "a bidirectional override": ["\u202Etxt.exe", "\\u202etxt.exe"],
  "a bidirectional isolate": ["\u2066a\u2069", "\\u2066a\\u2069"],
  "a carriage return": ["good\rbad", "good\\x0dbad"],
  "a backspace": ["ok\b\b", "ok\\x08\\x08"],
  "a line separator": ["a\u2028b", "a\\u2028b"],
  // These are not hostile.
  "letters and emoji": ["żółw 🐢 \ttab", "żółw 🐢 \ttab"],
} as const;

const RAW = Object.values(HOSTILE).map(([raw]) => raw);
const SHOWN = Object.values(HOSTILE).map(([, shown]) => shown);

let project: Project;
let runId: string;

beforeAll(async () => {
  project = new Project();
  writeFileSync(
    join(project.folder, "dags/hostile.ts"),
    `import { Dag } from "memodag";
export const dag = new Dag("hostile");
dag.task("says", () => { for (const line of ${JSON.stringify(RAW)}) console.log(line); })({});
`,
  );
  ({ runId } = await project.json<{ runId: string }>("dags", "run", "hostile"));
});
afterAll(() => project.remove());

/** The lines of a log between those that memodag writes at the attempt's start and end. */
const written = (log: string): string[] => log.split("\n").slice(1, -2);

function pretendTerminal(): void {
  const spy = vi.spyOn(output, "isTerminal", "get").mockReturnValue(true);
  onTestFinished(() => spy.mockRestore());
}

const logs = (...options: string[]): string[] => ["tasks", "logs", "hostile", runId, "says", ...options];

describe.each([
  ["text", []],
  ["text that is followed", ["--follow"]],
  ["the last lines", ["--tail", "1000"]],
] as const)("%s", (_name, options) => {
  it("is spelled out on a terminal", async () => {
    pretendTerminal();
    const { code, stdout } = await project.run(...logs(...options));
    expect(code).toBe(0);
    expect(written(stdout)).toEqual(SHOWN);
  });

  it("is spelled out on a terminal of the system", async () => {
    // Node has no call that makes one.
    const args = logs(...options)
      .map((arg) => `'${arg}'`)
      .join(" ");
    const command = `'${process.execPath}' '${project.bin}' ${args}`;
    const terminal = spawn("script", ["-qec", command, "/dev/null"], { cwd: project.folder });
    const [said] = await Promise.all([text(terminal.stdout), once(terminal, "close")]);
    expect(written(said.replaceAll("\r\n", "\n"))).toEqual(SHOWN);
  });

  it("is what the task wrote in a pipe", async () => {
    const { stdout } = await project.spawn(...logs(...options));
    expect(written(stdout)).toEqual(RAW);
  });
});

it("JSON is escaped on a terminal, and says the same", async () => {
  pretendTerminal();
  const { stdout } = await project.run(...logs("--json"));
  // eslint-disable-next-line no-control-regex -- that there is none is what is tested
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028\u202E\u2066\u2069]/);
  const [log] = JSON.parse(stdout) as { readonly text: string }[];
  expect(written(log?.text ?? "")).toEqual(RAW);
});

describe("a log of 540 MB, more than a string can hold", () => {
  const BYTES = 540 * 2 ** 20;
  /** A process of Node with memodag in it takes some 100 MB. */
  const MOST_BYTES = 300 * 2 ** 20;
  let path: string;
  let rssFile: string;

  beforeAll(() => {
    const folder = join(project.folder, ".memodag", "logs");
    const name = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
      (file) => file.includes("hostile") && file.endsWith(".log"),
    );
    path = join(folder, name ?? "none");
    truncateSync(path, BYTES);
    appendFileSync(path, "\none\ntwo\nthree\n");
    rssFile = join(project.folder, "rss");
  });

  /** Runs the command, and resolves with what it printed last and the most memory that it took. */
  async function measure(args: readonly string[]) {
    const note = `import { writeFileSync } from "node:fs";
process.on("exit", () => writeFileSync(${JSON.stringify(rssFile)}, String(process.resourceUsage().maxRSS * 1024)));`;
    const preload = `data:text/javascript,${encodeURIComponent(note)}`;
    const child = spawn(process.execPath, ["--import", preload, project.bin, ...args], {
      cwd: project.folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let bytes = 0;
    let end = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      end = (end + chunk.toString("latin1", Math.max(0, chunk.length - 100))).slice(-100);
    });
    const [code] = (await once(child, "close")) as [number];
    return { code, bytes, end, mostBytes: Number(readFileSync(rssFile, "utf8")) };
  }

  it.each([
    ["the last lines", ["--tail", "2"], "two\nthree\n", 10],
    ["the last lines, followed", ["--tail", "3", "--follow"], "one\ntwo\nthree\n", 14],
    ["all of it", [], "\none\ntwo\nthree\n", BYTES + 15],
    ["all of it, followed", ["--follow"], "\none\ntwo\nthree\n", BYTES + 15],
  ] as const)("prints %s in little memory", { timeout: 120_000 }, async (_name, options, end, bytes) => {
    const printed = await measure(logs(...options));
    expect(printed.code).toBe(0);
    expect(printed.end).toContain(end);
    expect(printed.bytes).toBe(bytes);
    expect(printed.mostBytes).toBeLessThan(MOST_BYTES);
  });

  it("prints the last lines as JSON", async () => {
    expect((await measure(logs("--tail", "2", "--json"))).end).toContain('"text": "two\\nthree\\n"');
  });
});
