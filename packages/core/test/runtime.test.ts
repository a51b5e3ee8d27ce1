import { expect, test } from "vitest";
import {
  codeInNodeOptions,
  runtimeComponent,
  runtimeDifference,
  runtimeIdentity,
  type RuntimeIdentity,
} from "../src/index.ts";

const identity: RuntimeIdentity = {
  node: "24.21.0",
  platform: "linux",
  arch: "x64",
  icu: "78.3 tz2026c",
  systemZone: "Europe/Berlin",
  variables: {},
};
const keyOf = (own: Partial<RuntimeIdentity>) => runtimeComponent({ ...identity, ...own }, "exact", "en-US");

test("a key has Node, machine, ICU, zone and locale, and of a major version no more than it", () => {
  expect(keyOf({})).toEqual({
    node: "24.21.0",
    platform: "linux",
    arch: "x64",
    icu: "78.3 tz2026c",
    tz: "Europe/Berlin",
    locale: "en-US",
  });
  const major = runtimeComponent(identity, "major", "en-US");
  expect(major).toMatchObject({ node: "24", tz: "Europe/Berlin" });
  expect(major).not.toHaveProperty("icu");
});

test.each([
  ["TZ", { TZ: "Asia/Tokyo" }, { tz: "Asia/Tokyo" }],
  ["NODE_ENV", { NODE_ENV: "production" }, { NODE_ENV: "production" }],
  ["NODE_OPTIONS", { NODE_OPTIONS: "--conditions=dev" }, { NODE_OPTIONS: "--conditions=dev" }],
  ["NODE_ICU_DATA", { NODE_ICU_DATA: "/icu" }, { NODE_ICU_DATA: "/icu" }],
])("%s is in the key", (_, env, expected) => {
  expect(keyOf({ variables: runtimeIdentity(env).variables })).toMatchObject(expected);
});

test("options that give memory or tell more are in no key", () => {
  const NODE_OPTIONS = "--max-old-space-size=4096 --no-warnings --trace-uncaught";
  expect(runtimeIdentity({ NODE_OPTIONS }).variables).toEqual({});
});

test.each(["--import ./patch.mjs", "--require=patch", "-r patch", "--env-file=.env", "-C x --loader l.mjs"])(
  "code that NODE_OPTIONS %s runs is known to be unknown",
  (NODE_OPTIONS) => expect(codeInNodeOptions(runtimeIdentity({ NODE_OPTIONS }))).not.toBeNull(),
);

test.each([
  [{ node: "26.1.0" }, "node 24.21.0 → 26.1.0"],
  [{ systemZone: "UTC" }, "systemZone Europe/Berlin → UTC"],
  [{ variables: { LANG: "C" } }, "LANG"],
])("names what is different: %j", (own, expected) => {
  expect(runtimeDifference(identity, { ...identity, ...own }, "exact")).toBe(expected);
});

test("another version of the same major counts as the same where the admin says so", () => {
  const other = { ...identity, node: "24.22.1", icu: "79" };
  expect(runtimeDifference(identity, other, "major")).toBeNull();
  expect(runtimeDifference(identity, { ...other, node: "26.0.0" }, "major")).toBe("node 24 → 26");
});
