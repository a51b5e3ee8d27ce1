import { describe, expect, test } from "vitest";
import { adviseOn } from "../src/home/advice.ts";

const FINE = { lookupTimeouts: 0, lookupFailures: 0, putFailures: 0, tasks: [] };
const task = { team: "ml", dagId: "penguins", taskId: "train" };
const counts = { ...task, hits: 0, misses: 0, nondeterministic: 0 };
const miss = {
  ...task,
  reason: "input_changed",
  count: 40,
  last: {
    runId: "r1",
    mapIndex: 3,
    at: "2026-11-03T00:00:00.000Z",
    changed: [{ kind: "input", path: "now" }],
  },
};

describe("advice", () => {
  test("is nothing where all is well, or where there is too little to tell", () => {
    expect(adviseOn(FINE, [])).toEqual([]);
    const few = { ...FINE, tasks: [{ ...counts, misses: 9 }] };
    expect(adviseOn(few, [miss])).toEqual([]);
    const some = { ...FINE, tasks: [{ ...counts, misses: 500, hits: 1 }] };
    expect(adviseOn(some, [miss])).toEqual([]);
    expect(adviseOn(FINE, [{ ...miss, reason: "undeclared_input", count: 2 }])).toEqual([]);
  });

  test("names what differs of a task that never hits, with the miss that proves it", () => {
    expect(adviseOn({ ...FINE, tasks: [{ ...counts, misses: 40 }] }, [miss])).toEqual([
      {
        task,
        text: "is cached and has not hit in 40 lookups: input now differed last",
        proof: { kind: "instance", runId: "r1", mapIndex: 3 },
      },
    ]);
    const more = {
      ...miss,
      last: { ...miss.last, changed: [{ kind: "source", path: "" }, ...miss.last.changed] },
    };
    expect(adviseOn({ ...FINE, tasks: [{ ...counts, misses: 40 }] }, [more])[0]?.text).toMatch(
      /: source and 1 more differed last$/,
    );
  });

  test("tells of results that differ, inputs that are not declared, and a cache that fails, the gravest first", () => {
    const stats = { ...FINE, lookupTimeouts: 1, putFailures: 2, tasks: [{ ...counts, nondeterministic: 3 }] };
    const lines = adviseOn(stats, [{ ...miss, reason: "undeclared_input", count: 5 }]);
    expect(lines.map(({ text, proof }) => [text, proof.kind])).toEqual([
      [
        "The cache was not of use: once a lookup was too late, 2 times a result could not be stored",
        "health",
      ],
      ["gave other bytes for the same key 3 times", "entries"],
      ["was not cached 5 times: it read what its key does not have", "instance"],
    ]);
  });

  test("is a few lines, however many tasks there are", () => {
    const tasks = Array.from({ length: 50 }, (_, index) => ({
      ...counts,
      taskId: `t${index}`,
      misses: 20,
      nondeterministic: 1,
    }));
    const reasons = tasks.map(({ taskId }) => ({ ...miss, taskId, reason: "undeclared_input" }));
    expect(adviseOn({ ...FINE, lookupFailures: 1, tasks }, reasons)).toHaveLength(8);
  });
});
