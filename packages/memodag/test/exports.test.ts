// The modules that users import export what their sources do, and nothing that the bundler needs for itself.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SOURCES = {
  index: () => import("../src/index.ts"),
  cache: () => import("../src/cache.ts"),
  testing: () => import("../src/testing.ts"),
};

test.each(Object.entries(SOURCES))("memodag's %s", async (name, load) => {
  const built = readFileSync(new URL(`../dist/${name}.js`, import.meta.url), "utf8");
  const [, names = ""] = /^export const \{ (.+) \} = own;$/m.exec(built) ?? [];
  expect(names.split(", ").toSorted()).toEqual(Object.keys(await load()).toSorted());
});
