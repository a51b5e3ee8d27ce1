import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { byFolder, circlesIn, readImports, specifiersIn } from "./import-graph.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("imports", () => {
  const files = readImports(root);

  it("lead round in no circle of files, types and dynamic imports counted", () => {
    expect(circlesIn(files)).toEqual([]);
    // Fewer, and the graph would not be that of the repository.
    expect(files.size).toBeGreaterThan(500);
    expect(files.get("packages/cli/src/commands/runs.ts")).toContain("packages/operations/src/runs/index.ts");
  });

  it("lead round in no circle of folders", () => {
    expect(circlesIn(byFolder(files))).toEqual([]);
  });

  it("are found in every form that TypeScript has", () => {
    const text = `import "./a.ts";
import type { B } from "./b.ts";
import {
  c,
} from "./c.ts";
export * from "./d.ts";
export type { E } from "./e.ts";
const { f } = await import("./f.ts");
// import "./comment.ts";
const generated = \`import "./text.ts";\`;
`;
    expect(specifiersIn(text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts"]);
  });

  it("that lead round are found, by files and by folders", () => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-imports-"));
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    try {
      const exports = { ".": { source: "./src/index.ts" } };
      write("packages/x/package.json", JSON.stringify({ name: "x", exports }));
      write("packages/x/src/index.ts", 'export * from "./a/one.ts";');
      write("packages/x/src/a/one.ts", 'import type { Two } from "../b/two.ts";');
      write("packages/x/src/b/two.ts", "export type Two = 2;");
      write("packages/x/src/b/three.ts", 'import { four } from "../a/four.ts";');
      write("packages/x/src/a/four.ts", "export const four = 4;");
      const byFile = readImports(folder);
      expect(circlesIn(byFile)).toEqual([]);
      expect(circlesIn(byFolder(byFile))).toEqual([["packages/x/src/a", "packages/x/src/b"]]);
      write("packages/x/src/b/two.ts", 'import "x"; export type Two = 2;');
      expect(circlesIn(readImports(folder))).toEqual([
        ["packages/x/src/a/one.ts", "packages/x/src/b/two.ts", "packages/x/src/index.ts"],
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
