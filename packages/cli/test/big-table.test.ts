import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { shortened } from "@memodag/deployment/logging";
import { formatTable } from "../src/output/table.ts";

it("a table takes more rows than a call takes arguments", () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [`task-${index}`, index, null]);
  const lines = formatTable(["TASK", "N", "X"], rows).split("\n");
  expect(lines).toHaveLength(200_002);
  expect(lines[200_000]).toBe("task-199999  199999  -");
});

it("a cell and a line show the beginning of what is very long, and how much they leave out", () => {
  const long = `${"x".repeat(399)}💥${"y".repeat(749_000)}`;
  const [, line = ""] = formatTable(["NOTE"], [[long]]).split("\n");
  expect(line).toMatch(/^x{399}… \(749002 more characters: --json shows them\)$/);
  expect(shortened(long).length).toBeLessThan(2_100);
  expect(shortened("short")).toBe("short");
});

it("no list of unknown length is spread into a call", () => {
  const packages = fileURLToPath(new URL("../../", import.meta.url));
  const files = readdirSync(packages).flatMap((name) => {
    const folder = join(packages, name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file));
  });
  const spread = files.filter((file) =>
    /(Math\.(max|min)|\.(push|unshift))\(\s*\.\.\./.test(readFileSync(file, "utf8")),
  );
  expect(spread).toEqual([]);
});
