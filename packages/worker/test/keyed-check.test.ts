import type { TaskSurroundings } from "@memodag/core";
import { expect, test } from "vitest";
import { describeDifference } from "../src/keyed-check.ts";

const RUNTIME = { node: "24.5.0", platform: "linux" };

function found(changes: Partial<Extract<TaskSurroundings, { kind: "known" }>> = {}): TaskSurroundings {
  return { kind: "known", runtime: RUNTIME, files: null, ...changes };
}

function files(digests: Record<string, string>): Extract<TaskSurroundings, { kind: "known" }>["files"] {
  return { digests, shown: null, count: 1, stamp: "" };
}

test("surroundings that are those of the key differ in nothing", () => {
  expect(describeDifference({ runtime: RUNTIME, files: null }, found())).toBeNull();
  const declared = { "data/*": "a" };
  expect(
    describeDifference({ runtime: RUNTIME, files: declared }, found({ files: files(declared) })),
  ).toBeNull();
});

test("each part of the runtime that is other, missing or more is named", () => {
  const differences = [{ ...RUNTIME, node: "24.6.0" }, { node: "24.5.0" }, { ...RUNTIME, tz: "UTC" }].map(
    (runtime) => describeDifference({ runtime: RUNTIME, files: null }, found({ runtime })),
  );
  expect(differences).toEqual([
    { code: "runtime_changed", detail: { what: "node 24.5.0 → 24.6.0" } },
    { code: "runtime_changed", detail: { what: "platform linux → (none)" } },
    { code: "runtime_changed", detail: { what: "tz (none) → UTC" } },
  ]);
});

test("files that are other or missing are named, and an unknown runtime is a difference", () => {
  const keyed = { runtime: RUNTIME, files: { "data/*": "a" } };
  const reason = { code: "code_changed", detail: { what: "data/* has other files on the worker" } };
  expect(describeDifference(keyed, found({ files: files({ "data/*": "b" }) }))).toEqual(reason);
  expect(describeDifference(keyed, found())).toEqual(reason);
  const unknown: TaskSurroundings = { kind: "unknown", reason: { code: "surroundings_unknown" } };
  expect(describeDifference(keyed, unknown)).toMatchObject({ code: "runtime_changed" });
});
