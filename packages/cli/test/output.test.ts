import type { DagRun, TaskInstance } from "@memodag/core";
import { MemodagError } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endLine, EndLines } from "@memodag/deployment/logging";
import { reportError } from "../src/output/errors.ts";
import { plainBlock, plainJson, plainLine, plainText } from "@memodag/deployment/logging";
import { progressLines } from "../src/output/show-progress.ts";
import { formatTable } from "../src/output/table.ts";
import { RunProgress } from "@memodag/operations/runs";
import { instanceOf } from "@memodag/operations/testing";
import { captureOutput, type CapturedOutput } from "./captured-output.ts";

describe("formatTable", () => {
  it("puts text to the left and numbers to the right", () => {
    const text = formatTable(
      ["TASK", "TRY"],
      [
        ["a", 1],
        ["longer", 12],
        ["ünï", null],
      ],
    );
    expect(text).toBe("TASK    TRY\na         1\nlonger   12\nünï       -\n");
  });

  it("keeps a cell on its line and lets nothing move the cursor", () => {
    expect(formatTable(["A"], [["x\ny\u001b[2J"]])).toBe("A\nx\\ny\\x1b[2J\n");
  });
});

describe("plainText", () => {
  it("keeps lines and spells control characters out", () => {
    expect(plainText("a\n\tb\r\u0007\u009b")).toBe("a\n\tb\\x0d\\x07\\x9b");
  });
});

describe("text that a terminal would act upon", () => {
  const UNSAFE = ["\u0000", "\r", "\u001b", "\u007f", "\u0085", "\u009b", "\u061c", "\u200e", "\u200f"];
  const MORE = ["\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\ud800", "\udc00", "\ufff9"];

  it.each([...UNSAFE, ...MORE])("is spelled out: %j", (character) => {
    for (const safe of [plainText, plainLine, plainBlock, plainJson]) {
      const shown = safe(`a${character}b`);
      expect(shown).toMatch(/^a\\[xu][0-9a-f]+b$/);
    }
    const json = JSON.stringify([`a${character}b`]);
    expect(JSON.parse(plainJson(json))).toEqual([`a${character}b`]);
  });

  it("is not what people write with", () => {
    for (const text of ["Grüße, 世界", "עברית", "👩\u200d🚀", "a\tb", "é"])
      expect(plainText(text)).toBe(text);
  });

  it("cannot begin another message", () => {
    const forged = "no such file\nmemodag: all is well\r\n  quoted";
    expect(plainLine(forged)).toBe("no such file\\nmemodag: all is well\\x0d\\n  quoted");
    expect(plainBlock(forged)).toBe("no such file\n  memodag: all is well\\x0d\n  quoted");
  });
});

describe("reportError", () => {
  let output: CapturedOutput;
  beforeEach(() => {
    output = captureOutput();
  });
  afterEach(() => output.restore());

  it("tells what a user can cause in a line, as text and as JSON, with 2", () => {
    const error = new MemodagError("dag_not_found", 'There is no Dag "x"');
    expect(reportError(error, { asJson: false, hint: "" })).toBe(2);
    expect(output.stderr).toBe('memodag: There is no Dag "x"\n');
    output.stderr = "";
    expect(reportError(error, { asJson: true, hint: "" })).toBe(2);
    expect(JSON.parse(output.stderr)).toEqual({
      error: { code: "dag_not_found", message: 'There is no Dag "x"' },
    });
  });

  it("tells a bug with its stack and 70", () => {
    expect(reportError(new TypeError("no such thing"), { asJson: false, hint: "" })).toBe(70);
    expect(output.stderr).toMatch(/bug in memodag.*\nTypeError: no such thing\n {4}at /);
  });
});

const RUN = { id: 1, dagId: "d", runId: "r" } as DagRun;

function progressOf(...instances: TaskInstance[]): RunProgress {
  const progress = new RunProgress();
  for (const instance of instances) progress.update(RUN, instance);
  return progress;
}

describe("progressLines", () => {
  it("shows what runs, longest first, and counts the rest", () => {
    const progress = progressOf(
      instanceOf({ taskId: "a", state: "success", cacheStatus: "hit" }),
      instanceOf({ taskId: "b", state: "success", cacheStatus: "populated" }),
      instanceOf({ taskId: "c", state: "failed" }),
      instanceOf({ taskId: "d", state: "running", mapIndex: 1, startedAt: 5_000, tryNumber: 2 }),
      instanceOf({ taskId: "e", state: "running", startedAt: 1_000 }),
      instanceOf({ taskId: "f", state: "scheduled" }),
    );
    expect(progressLines(progress, 6_500, 10)).toEqual([
      "  e  5.5s",
      "  d[1]  attempt 2  1.5s",
      "2 running, 1 waiting, 1 done, 1 cached, 1 failed",
    ]);
    expect(progressLines(progress, 6_500, 2)).toHaveLength(2);
  });

  it("counts an instance once, as it stands now", () => {
    const progress = progressOf(
      instanceOf({ taskId: "a", state: "running" }),
      instanceOf({ taskId: "a", state: "success" }),
    );
    expect(progress.counts).toEqual({ running: 0, waiting: 0, done: 1, cached: 0, failed: 0 });
  });
});

describe("endLine", () => {
  it("says how an attempt ended, and nothing while it goes on", () => {
    expect(endLine(instanceOf({ state: "running" }))).toBeNull();
    expect(endLine(instanceOf({ taskId: "a", state: "success", cacheStatus: "hit", savedMs: 1_500 }))).toBe(
      "a: hit, saved 1.5s",
    );
    expect(endLine(instanceOf({ taskId: "a", mapIndex: 2, state: "success", durationMs: 20 }))).toBe(
      "a[2]: success in 20ms",
    );
    expect(
      endLine(
        instanceOf({
          taskId: "a",
          state: "up_for_retry",
          durationMs: 20,
          error: { code: "task_failed", message: "no" },
        }),
      ),
    ).toBe("a: up_for_retry in 20ms: task_failed: no");
  });

  it("is told once for each attempt", () => {
    const ends = new EndLines();
    const stored = instanceOf({ taskId: "a", cacheStatus: "populated" });
    expect(ends.next(RUN, instanceOf({ taskId: "a", cacheStatus: "miss" }))).toBe("a: success");
    expect(ends.next(RUN, stored)).toBeNull();
    expect(ends.next({ ...RUN, id: 11 }, stored)).toBe("a: success");
    expect(ends.next(RUN, instanceOf({ taskId: "a", tryNumber: 2 }))).toBe("a: success, attempt 2");
    ends.forget(RUN);
    expect(ends.next(RUN, stored)).toBe("a: success");
    expect(ends.next({ ...RUN, id: 11 }, stored)).toBeNull();
  });
});
