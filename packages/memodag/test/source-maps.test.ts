// A stack trace of the bundled program names the places in the sources, where Node is asked to map them.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

/** What a program with source maps says on stderr. */
function stderrOf(...args: string[]): string {
  return spawnSync(process.execPath, ["--enable-source-maps", ...args], { cwd: tmpdir(), encoding: "utf8" })
    .stderr;
}

/** The line of the sources that a trace says an error came through. */
function lineIn(trace: string, path: string): string {
  const [, line] = new RegExp(`${path}:(\\d+):\\d+`).exec(trace) ?? [];
  const text = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
  return line === undefined ? `none in ${trace}` : (text.split("\n")[Number(line) - 1] ?? "");
}

describe("the source maps", () => {
  it("tell where the command failed", () => {
    const broken = "data:text/javascript,Array.prototype.toSorted=()=>{throw new TypeError('injected')}";
    const trace = stderrOf("--import", broken, `${folder}bin/memodag.js`, "cache", "stats");
    expect(trace).toContain("TypeError: injected");
    expect(lineIn(trace, "config/src/environment.ts")).toContain("toSorted");
    expect(lineIn(trace, "config/src/load-config.ts")).toContain("readOverrides(");
  });

  it("tell where what users import failed", () => {
    const trace = stderrOf(
      "--input-type=module",
      "-e",
      `import { getContext } from "${folder}dist/index.js"; getContext();`,
    );
    expect(lineIn(trace, "sdk/src/context/current-context.ts")).toMatch(/throw|MemodagError/);
  });
});
