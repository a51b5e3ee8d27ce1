// Files keep the contract of log stores, and the contract catches stores that do not.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogStore } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { FileLogStore } from "../../src/logs.ts";
import { describeLogStore, type OpenLogStore, type TestRunner } from "../../src/testing/index.ts";

function open(change: (right: LogStore) => Partial<LogStore> = () => ({})): OpenLogStore {
  const root = mkdtempSync(join(tmpdir(), "memodag-logs-"));
  const right = new FileLogStore(root);
  const store: LogStore = {
    append: (attempt, chunk) => right.append(attempt, chunk),
    size: (attempt) => right.size(attempt),
    read: (attempt, range) => right.read(attempt, range),
    tail: (attempt, part) => right.tail(attempt, part),
    placeOf: (attempt) => right.placeOf(attempt),
    measure: (run) => right.measure(run),
    remove: (run) => right.remove(run),
    scan: () => right.scan(),
    placesOf: (run) => right.placesOf(run),
    discard: (logs) => right.discard(logs),
    ...change(right),
  };
  return { store, close: async () => rmSync(root, { recursive: true }) };
}

describeLogStore("FileLogStore", { open: async () => open() }, { describe, test });

const FAULTS: Record<string, (right: LogStore) => Partial<LogStore>> = {
  "keeps text": (right) => ({
    append: (attempt, chunk) => right.append(attempt, Buffer.from(Buffer.from(chunk).toString())),
  }),
  "begins anew": (right) => {
    let count = 0;
    return { append: (attempt, chunk) => right.append({ ...attempt, tryNumber: (count += 1) }, chunk) };
  },
  "has an empty log of everything": (right) => ({
    size: async (attempt) => (await right.size(attempt)) ?? 0,
  }),
  "reads all": (right) => ({ read: (attempt) => right.read(attempt) }),
  "includes the end": (right) => ({
    read: (attempt, { from = 0, to = Infinity } = {}) => right.read(attempt, { from, to: to + 1 }),
  }),
  "folds case": (right) => ({
    append: (attempt, chunk) => right.append({ ...attempt, team: attempt.team.toLowerCase() }, chunk),
    read: (attempt, range) => right.read({ ...attempt, team: attempt.team.toLowerCase() }, range),
  }),
  "cuts long names": (right) => ({
    append: (attempt, chunk) => right.append({ ...attempt, runId: attempt.runId.slice(0, 100) }, chunk),
    read: (attempt, range) => right.read({ ...attempt, runId: attempt.runId.slice(0, 100) }, range),
  }),
  "has one log of all tries": (right) => ({
    append: (attempt, chunk) => right.append({ ...attempt, tryNumber: 1 }, chunk),
    read: (attempt, range) => right.read({ ...attempt, tryNumber: 1 }, range),
  }),
  "ignores the last lines": (right) => ({
    tail: (attempt, { isOver } = {}) => right.tail(attempt, { isOver }),
  }),
  "is followed no further": (right) => ({
    tail: (attempt, { lastLines } = {}) => right.tail(attempt, { lastLines }),
  }),
  "lists nothing": () => ({ async *scan() {} }),
  "discards nothing": () => ({ discard: async () => undefined }),
  "has one place for all runs": (right) => ({
    placesOf: (run) => ({ ...right.placesOf(run), run: right.placesOf(run).dag }),
  }),
  "removes too little": (right) => ({ remove: (run) => right.measure(run) }),
  "removes too much": (right) => ({
    async remove(run) {
      await right.remove({ ...run, runId: "R" });
      return await right.remove(run);
    },
  }),
  "counts wrongly": (right) => ({
    async measure(run) {
      const { count, sizeBytes } = await right.measure(run);
      return { count: Math.min(count, 1), sizeBytes };
    },
  }),
  "breaks characters": (right) => ({
    async *tail(attempt, part) {
      for await (const piece of right.tail(attempt, part)) {
        const bytes = Buffer.from(piece);
        yield bytes.subarray(0, 2).toString();
        yield bytes.subarray(2).toString();
      }
    },
  }),
};

test.each(Object.entries(FAULTS))("the contract catches a store that %s", async (_name, fault) => {
  const tests: (() => Promise<void>)[] = [];
  const runner: TestRunner = { describe: (_what, body) => body(), test: (_what, body) => tests.push(body) };
  describeLogStore("faulty", { open: async () => open(fault) }, runner);
  const results = await Promise.allSettled(tests.map(async (run) => await run()));
  expect(results.some(({ status }) => status === "rejected")).toBe(true);
});
