import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const folder = new URL("../dist/worker-bundle/", import.meta.url);

/** The text of a file of the bundle and of all that it imports. */
function textOf(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return "";
  seen.add(file);
  const text = readFileSync(new URL(file, folder), "utf8");
  const imported = [...text.matchAll(/["']\.\/([\w.-]+\.js)["']/g)].map(([, name = ""]) => name);
  return [text, ...imported.map((name) => textOf(name, seen))].join("\n");
}

it("a worker loads what a handler needs, and no library that only reads schedules or schemas", () => {
  const loaded = textOf("main.js") + textOf("sdk.js");
  expect(loaded).toContain("memodag.taskRef");
  // Texts of croner's and ajv's own.
  expect(loaded).not.toMatch(/CronPattern|strictTypes/);
});
