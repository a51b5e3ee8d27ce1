// A stack trace of the bundled program names the places in the sources, where Node is asked to map them.

import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { decode } from "@jridgewell/sourcemap-codec";
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

  it("tell the right column after a character that was escaped", () => {
    // A file that only names the exports of another one has no map.
    const mapped = globSync("dist/*.cjs.map", { cwd: folder }).map((path) => path.replace(/\.map$/, ""));
    const found = mapped.flatMap(wordsAfterEscapes);
    expect(found.length).toBeGreaterThan(1000);
    // The bundler renames some, and puts the module before what another file has.
    expect(found.filter(({ isSame }) => isSame).length / found.length).toBeGreaterThan(0.8);
  });
});

it("all files of the program are ASCII, which V8 reads and keeps in half of the space", () => {
  const others = globSync("dist/*.cjs", { cwd: folder }).filter((path) =>
    /[^\0-\x7f]/.test(readFileSync(`${folder}${path}`, "utf8")),
  );
  expect(others).toEqual([]);
});

/** Words of the sources, and whether the map finds them in a file, behind the first escape of their line. */
function wordsAfterEscapes(path: string): { readonly isSame: boolean }[] {
  const code = readFileSync(`${folder}${path}`, "utf8").split("\n");
  const map = JSON.parse(readFileSync(`${folder}${path}.map`, "utf8")) as {
    readonly mappings: string;
    readonly sources: readonly string[];
  };
  const sources = map.sources.map((source) =>
    source.includes("node_modules") || !source.endsWith(".ts")
      ? []
      : readFileSync(`${folder}dist/${source}`, "utf8").split("\n"),
  );
  return decode(map.mappings).flatMap((segments, line) => {
    const escapeAt = code[line]?.indexOf("\\u2026") ?? -1;
    if (escapeAt === -1) return [];
    return segments.flatMap(([column, source = -1, sourceLine = -1, sourceColumn = -1]) => {
      const [word] = /^[A-Za-z]\w{4,}/.exec(sources[source]?.[sourceLine]?.slice(sourceColumn) ?? "") ?? [];
      if (column < escapeAt || word === undefined) return [];
      return [{ isSame: code[line]?.startsWith(word, column) === true }];
    });
  });
}
