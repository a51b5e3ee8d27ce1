import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { formatTable } from "../src/output/table.ts";

it("a table takes more rows than a call takes arguments", () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [`task-${index}`, index, null]);
  const lines = formatTable(["TASK", "N", "X"], rows).split("\n");
  expect(lines).toHaveLength(200_002);
  expect(lines[200_000]).toBe("task-199999  199999  -");
});

it("no list of unknown length is spread into Math.max or Math.min", () => {
  const packages = fileURLToPath(new URL("../../", import.meta.url));
  const files = readdirSync(packages).flatMap((name) => {
    const folder = join(packages, name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file));
  });
  const spread = files.filter((file) =>
    /Math\.(max|min)\(\s*\.\.\.(?!names\.)/.test(readFileSync(file, "utf8")),
  );
  expect(spread).toEqual([]);
});
