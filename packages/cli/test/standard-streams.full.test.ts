// What commands print arrives whole and in order in a pipe, and a reader that is slow delays no run.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PROCESS = fileURLToPath(new URL("printing-process.ts", import.meta.url));
const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
const LINES = Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join("");

interface Printing {
  readonly child: ChildProcess;
  readonly out: Readable;
  /** Says when all has been given out. */
  readonly printed: Readable;
  readonly said: Promise<string>;
}

function start(mode: string): Printing {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--conditions=source", "--no-warnings", PROCESS, mode],
    { stdio: ["ignore", "pipe", "pipe", "pipe"] },
  );
  const [, out, err, printed] = child.stdio as unknown as [null, Readable, Readable, Readable];
  return { child, out, printed, said: text(err) };
}

it("is the only file of the commands that names Node's streams", () => {
  const files = globSync("**/*.ts", { cwd: SOURCES });
  expect(files.length).toBeGreaterThan(40);
  const naming = files.filter((path) =>
    /process\.std(?:out|err)/.test(readFileSync(join(SOURCES, path), "utf8")),
  );
  expect(naming).toEqual(["output/standard-streams.ts"]);
});

describe("output to a pipe", () => {
  it.each(["at once", "refused"])("arrives whole: %s", async (mode) => {
    const { out, said } = start(mode);
    expect((await text(out)) === LINES).toBe(true);
    expect(await said).toBe("whole\n");
  });

  it("arrives in order when Node's stream takes over", async () => {
    const { out } = start("stream");
    expect((await text(out)) === `first\n${LINES}`).toBe(true);
  });

  it("keeps nothing waiting in the background, and arrives whole when it is read", async () => {
    const { out, printed, said } = start("background");
    // A megabyte does not fit into a pipe: all of it was given out before anything was read.
    expect(String((await once(printed, "data"))[0])).toBe("printed\n");
    expect((await text(out)) === LINES).toBe(true);
    expect(await said).toBe("whole\n");
  });

  it("does not keep a command from ending at once on the second signal", async () => {
    const { child, printed } = start("stopped");
    const exited = once(child, "exit");
    const lines = createInterface({ input: printed })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("printed");
    child.kill("SIGTERM");
    expect((await lines.next()).value).toBe("stopping");
    // Signals that come together are one.
    const again = setInterval(() => child.kill("SIGTERM"), 200);
    expect(await exited).toEqual([null, "SIGTERM"]);
    clearInterval(again);
  });

  it("ends quietly with its reader, in the background too", async () => {
    for (const mode of ["at once", "background"]) {
      const { out, said } = start(mode);
      out.destroy();
      expect(await said).toBe("whole\n");
    }
  });
});
