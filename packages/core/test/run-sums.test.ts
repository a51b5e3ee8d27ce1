import {
  CACHE_STATUSES,
  INSTANCE_CELLS,
  cellOf,
  readCell,
  readTaskSums,
  sumUp,
  writeTaskSums,
  type SummedInstance,
} from "@memodag/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const STATES = new Set(INSTANCE_CELLS.map(({ state }) => state));

describe("the letters of instances", () => {
  test("are one for each state and cache status, of those that JSON writes as they are", () => {
    expect(STATES.size).toBe(11);
    const letters = INSTANCE_CELLS.map(({ letter }) => letter);
    expect(new Set(letters).size).toBe(STATES.size * (CACHE_STATUSES.length + 1));
    expect(JSON.stringify(letters.join("")).length).toBe(letters.length + 2);
    for (const state of STATES)
      for (const cacheStatus of [null, ...CACHE_STATUSES])
        expect(readCell(cellOf({ state, cacheStatus }))).toEqual({ state, cacheStatus });
    expect(readCell("ß!")).toBeUndefined();
  });

  test("keep their meaning, since databases have them", () => {
    const common = {
      H: "success/hit",
      P: "success/populated",
      S: "success/disabled",
      f: "failed/null",
      r: "running/null",
    };
    const known = Object.keys(common).map((letter) => {
      const cell = readCell(letter);
      return [letter, `${cell?.state}/${cell?.cacheStatus}`];
    });
    expect(Object.fromEntries(known)).toEqual(common);
    expect(INSTANCE_CELLS.map(({ letter }) => letter).join("")).toBe(
      "sSHmPtlwkUGBfFhMpTLWKugbrR0a1234A567qQ8i9cCdIDeEzZ!j#$%(J)*+.:,;-=?@[]^_xX`{|}~/nNoOvVyYÀÁÂÃÄÅÆÇ" +
        "ÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëì",
    );
  });
});

const time = fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: null });
const ms = fc.option(fc.nat(10_000), { nil: null });
const instance: fc.Arbitrary<SummedInstance> = fc.record({
  taskId: fc.constantFrom("load", "train", "constructor", "__proto__", "ß\u0000"),
  state: fc.constantFrom(...STATES),
  cacheStatus: fc.constantFrom(null, ...CACHE_STATUSES),
  startedAt: time,
  endedAt: time,
  durationMs: ms,
  savedMs: ms,
});

describe("the sums of a run", () => {
  test("are read as they were written, and are those of its instances", () => {
    fc.assert(
      fc.property(fc.array(instance, { maxLength: 12 }), (instances) => {
        const { run, tasks } = sumUp(instances);
        expect(readTaskSums(writeTaskSums(tasks))).toEqual(tasks);
        const all = [...tasks.values()];
        const total = (of: (one: (typeof all)[number]) => number) =>
          all.reduce((sum, one) => sum + of(one), 0);
        expect(total(({ counts }) => Object.values(counts).reduce((a, b) => a + b, 0))).toBe(
          instances.length,
        );
        expect(total(({ savedMs }) => savedMs)).toBe(run.savedMs);
        expect(total(({ workedMs }) => workedMs)).toBe(run.workedMs);
        const hits = instances.filter(({ cacheStatus }) => cacheStatus === "hit").length;
        expect([run.hits, run.failed]).toEqual([
          hits,
          instances.filter(({ state }) => state === "failed").length,
        ]);
      }),
    );
  });
});
