// Which answers a changed run makes old, and which shortcut keys are.

import { expect, it } from "vitest";
import { isAffected } from "../src/live/affected.ts";
import { KeyMatcher } from "../src/shortcuts/key-matcher.ts";
import { SHORTCUTS } from "../src/shortcuts/table.ts";

const run = { team: "bees", dagId: "shop", runId: "R1", state: "running", revision: 7 };

it.each([
  [["runs.list", { team: "bees" }], true],
  [["runs.list", {}], true],
  [["runs.list", { team: "ants" }], false],
  [["runs.show", { team: "bees", dagId: "shop", runId: "R1" }], true],
  [["runs.show", { team: "bees", dagId: "shop", runId: "R2" }], false],
  [["dags.grid", { team: "bees", dagId: "shop" }], true],
  [["dags.show", { team: "bees", dagId: "shop" }], false],
  [["session"], false],
])("of %j: %s", (key, isOld) => {
  expect(isAffected(key, [run])).toBe(isOld);
});

it("matches one key, two keys in time, and forgets the first one", () => {
  const matcher = new KeyMatcher(new Map(Object.entries({ "g d": "dags", d: "down", j: "next" })));
  expect(matcher.press("j", 0)).toBe("next");
  expect(matcher.press("g", 1)).toBeUndefined();
  expect(matcher.press("d", 2)).toBe("dags");
  expect(matcher.press("d", 3)).toBe("down");
  matcher.press("g", 10_000);
  expect(matcher.press("d", 20_000)).toBe("down");
});

it("has no keys twice", () => {
  const keys = Object.values(SHORTCUTS).map((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});
