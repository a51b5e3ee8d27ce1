import { join, relative, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttemptName } from "@memodag/core";
import { logFilePath } from "../src/index.ts";

const attempt: AttemptName = {
  team: "default",
  dagId: "penguins",
  runId: "manual__2026-11-21T06:00:00Z",
  taskId: "train.fit",
  mapIndex: -1,
  tryNumber: 2,
};

describe("logFilePath", () => {
  it("names what it stands for", () => {
    expect(logFilePath("/logs", attempt)).toBe(
      join(
        "/logs/team=default/dag_id=penguins/run_id=manual__2026-11-21T06%3A00%3A00Z",
        "task_id=train.fit/map_index=-1/attempt=2.log",
      ),
    );
  });

  it("stays inside the folder at a fixed depth, whatever the ids are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (dagId, runId) => {
        const inside = relative("/logs", logFilePath("/logs", { ...attempt, dagId, runId })).split(sep);
        expect(inside).toHaveLength(6);
        expect(inside).not.toContain("..");
        for (const name of inside) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
      {
        numRuns: 30,
        examples: [
          ["..", "../../etc"],
          ["a/b", "\0"],
          ["\ud800", "é".repeat(300)],
        ],
      },
    );
  });

  it("keeps ids apart that differ only in what is escaped or cut off", () => {
    const long = "x".repeat(400);
    const ids = ["a/b", "a%2Fb", "a~b", "a%7Eb", `${long}1`, `${long}2`];
    const paths = ids.map((taskId) => logFilePath("/logs", { ...attempt, taskId }));
    expect(new Set(paths).size).toBe(ids.length);
  });
});
