// Pages name the commands that print the same: they have to exist.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const COMMAND =
  /(?:command=|commandOf = )(?:\{?)["`]([a-z][^"`$]*)|\[?"((?:dags|runs|cache|audit|tasks) [a-z]+)"/g;

it("names commands that there are", () => {
  const reference = readFileSync(join(root, "docs/reference/cli.md"), "utf8");
  const known = new Set([...reference.matchAll(/^## memodag (.+)$/gm)].map(([, name = ""]) => name));
  const named = globSync("packages/web/src/**/*.tsx", { cwd: root }).flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(COMMAND)].map(([, text, other = ""]) =>
      (text ?? other).trim().split(" ").slice(0, 2).join(" "),
    ),
  );
  expect(named.length).toBeGreaterThan(8);
  const isKnown = (name: string): boolean => [...known].some((one) => `${one} `.startsWith(`${name} `));
  expect(named.filter((name) => !isKnown(name) && !known.has(name.split(" ")[0] ?? ""))).toEqual([]);
});
