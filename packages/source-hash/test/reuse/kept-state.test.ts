// Cached tasks whose attempts share a process: what they would leave in it is found, with its place, and code that
// leaves nothing is accepted.

import { describe, expect, it } from "vitest";
import { keptStateOf } from "./kept-state-of.ts";
import { CLEAN } from "./planted-clean.ts";
import { LEAKS } from "./planted.ts";
import { SHARED_STATE, WAYS } from "./ways-to-shared-state.ts";

describe("an attempt that leaves", () => {
  it.each(LEAKS.map((leak) => [leak.title, leak] as const))(
    "%s is found",
    async (_title, { files, entry, at }) => {
      const kept = (await keptStateOf(files, entry)).get("d.t") ?? [];
      const [path, text] = at;
      const before = text.slice(0, text.indexOf("»")).split("\n");
      const place = {
        path: expect.stringMatching(new RegExp(`(?:^|/)${path}$`)),
        line: before.length,
        column: (before.at(-1)?.length ?? 0) + 1,
      };
      expect(kept).toContainEqual({ ...place, reason: expect.stringMatching(/\w/) });
    },
  );
});

describe("an attempt that changes what it shares is found:", () => {
  it.each(WAYS)("%s", async (handler) => {
    const dag = `import { Dag } from "memodag";\n${SHARED_STATE}\nexport const dag = new Dag("d");\ndag.task("t", ${handler}, { cache: true })({});`;
    expect((await keptStateOf({ "dag.js": dag }, "dag.js")).get("d.t")).not.toBeUndefined();
  });
});

describe("an attempt that leaves nothing is accepted:", () => {
  it.each(CLEAN.map((clean) => [clean.title, clean] as const))("%s", async (_title, { files, entry }) => {
    expect([...(await keptStateOf(files, entry)).values()].flat()).toEqual([]);
  });
});
