// The contract of log stores, as tests that one of any origin can run.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { AttemptName, LogStore, LogTail, RunLogs } from "@memodag/core";
import type { TestRunner } from "./executor-harness.ts";

/** A log store that holds nothing, for one test. */
export interface OpenLogStore {
  readonly store: LogStore;
  /** Called once, when the test has ended. */
  close(): Promise<void>;
}

/** Opens log stores. */
export interface LogStoreHarness {
  open(): Promise<OpenLogStore>;
}

const ATTEMPT: AttemptName = {
  team: "ml",
  dagId: "d",
  runId: "r",
  taskId: "t",
  mapIndex: -1,
  tryNumber: 1,
};

/** Attempts that a careless store could take for one another, or for a path. */
const OTHERS: readonly Partial<AttemptName>[] = [
  { team: "ML" },
  { team: "ml2" },
  { dagId: "d/../d" },
  { runId: "../r" },
  { runId: "R" },
  { runId: "é".repeat(300) },
  { runId: `${"é".repeat(300)}.` },
  { taskId: "t.1" },
  { mapIndex: 0 },
  { mapIndex: 1 },
  { tryNumber: 2 },
  { tryNumber: 11 },
];

/**
 * Registers the contract of {@link LogStore} as tests.
 *
 * @param name of the store, for the report
 */
export function describeLogStore(name: string, harness: LogStoreHarness, runner: TestRunner): void {
  const check = (what: string, body: (store: LogStore) => Promise<void>): void => {
    runner.test(what, async () => {
      const { store, close } = await harness.open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });
  };
  runner.describe(`${name} as a log store`, () => {
    check("has the bytes that were appended, in order", async (store) => {
      const chunks = ["first\n", "", "second, \u20ac\n", "open"];
      for (const chunk of chunks) await store.append(ATTEMPT, Buffer.from(chunk));
      await store.append(ATTEMPT, Uint8Array.from([0xff, 0x00]));
      const whole = Buffer.concat([Buffer.from(chunks.join("")), Buffer.from([0xff, 0x00])]);
      equal((await bytesOf(store, ATTEMPT)).equals(whole), true);
      equal(await store.size(ATTEMPT), whole.length);
    });

    check("has no log where nothing was appended", async (store) => {
      equal(await store.size(ATTEMPT), undefined);
      equal((await bytesOf(store, ATTEMPT)).length, 0);
      equal(await textOf(store), "");
      ok(store.placeOf(ATTEMPT) !== "");
    });

    check("reads any part", async (store) => {
      await store.append(ATTEMPT, Buffer.from("0123456789"));
      const part = async (from?: number, to?: number) =>
        (
          await bytesOf(store, ATTEMPT, {
            ...(from !== undefined && { from }),
            ...(to !== undefined && { to }),
          })
        ).toString();
      deepEqual(
        [await part(), await part(4), await part(0, 3), await part(2, 5), await part(7, 99), await part(50)],
        ["0123456789", "456789", "012", "234", "789", ""],
      );
    });

    check("keeps a large log whole", async (store) => {
      const chunk = Buffer.from(`${"x".repeat(99_999)}\n`);
      for (let count = 0; count < 30; count += 1) await store.append(ATTEMPT, chunk);
      equal(await store.size(ATTEMPT), 3_000_000);
      equal((await bytesOf(store, ATTEMPT, { from: 2_899_999, to: 2_900_001 })).toString(), "\nx");
      equal((await textOf(store)).length, 3_000_000);
    });

    check("keeps the logs of attempts apart", async (store) => {
      const attempts = [ATTEMPT, ...OTHERS.map((other) => ({ ...ATTEMPT, ...other }))];
      for (const [index, attempt] of attempts.entries())
        await store.append(attempt, Buffer.from(`log ${index}`));
      for (const [index, attempt] of attempts.entries())
        equal((await bytesOf(store, attempt)).toString(), `log ${index}`);
    });

    check("removes the logs of a run, and no others", async (store) => {
      const second = { ...ATTEMPT, taskId: "u", mapIndex: 3, tryNumber: 2 };
      await store.append(ATTEMPT, Buffer.from("12345"));
      await store.append(second, Buffer.from("678"));
      const others = OTHERS.filter(({ team, dagId, runId }) => team ?? dagId ?? runId).map((other) => ({
        ...ATTEMPT,
        ...other,
      }));
      for (const other of others) await store.append(other, Buffer.from("kept"));
      deepEqual(await store.measure(ATTEMPT), { count: 2, sizeBytes: 8 });
      deepEqual(await store.remove(ATTEMPT), { count: 2, sizeBytes: 8 });
      for (const gone of [ATTEMPT, second]) equal(await store.size(gone), undefined);
      for (const other of others) equal(await store.size(other), 4);
      deepEqual(await store.remove(ATTEMPT), { count: 0, sizeBytes: 0 });
      deepEqual(await store.measure({ ...ATTEMPT, dagId: "none" }), { count: 0, sizeBytes: 0 });
    });

    check("lists the logs of runs with their places, and discards them by these", async (store) => {
      const other = { ...ATTEMPT, runId: "R" };
      for (const attempt of [ATTEMPT, { ...ATTEMPT, taskId: "u" }, other, { ...ATTEMPT, dagId: "D" }])
        await store.append(attempt, Buffer.from("1234"));
      const places = store.placesOf(ATTEMPT);
      const found: RunLogs[] = [];
      for await (const one of store.scan()) found.push(one);
      equal(found.length, 3);
      const [mine] = found.filter(({ run }) => run === places.run);
      ok(mine);
      const { changedAt, ...counted } = mine;
      deepEqual(counted, { ...places, count: 2, sizeBytes: 8 });
      ok(Math.abs(changedAt - Date.now()) < 600_000);
      equal(found.filter(({ dag }) => dag === places.dag).length, 2);
      await store.discard(places);
      deepEqual(await store.measure(ATTEMPT), { count: 0, sizeBytes: 0 });
      equal(await store.size(other), 4);
    });

    check("finds the last lines", async (store) => {
      await store.append(ATTEMPT, Buffer.from("a\nb\n\u20ac"));
      deepEqual(
        [await textOf(store, { lastLines: 1 }), await textOf(store, { lastLines: 2 })],
        ["\u20ac", "b\n\u20ac"],
      );
      await store.append(ATTEMPT, Buffer.from("\n"));
      equal(await textOf(store, { lastLines: 1 }), "\u20ac\n");
      equal(await textOf(store, { lastLines: 99 }), "a\nb\n\u20ac\n");
    });

    check("is followed until it is over, from before it begins, in whole characters", async (store) => {
      const euro = Buffer.from("\u20ac");
      const steps = [
        async () => undefined,
        async () => await store.append(ATTEMPT, Buffer.concat([Buffer.from("1"), euro.subarray(0, 1)])),
        async () => await store.append(ATTEMPT, euro.subarray(1)),
        async () => await store.append(ATTEMPT, Buffer.from("2\n")),
      ].values();
      const isOver = async (): Promise<boolean> => {
        const { value: step, done } = steps.next();
        await step?.();
        return done === true;
      };
      equal(await textOf(store, { isOver }), "1\u20ac2\n");
    });
  });
}

async function bytesOf(
  store: LogStore,
  attempt: AttemptName,
  range?: { readonly from?: number; readonly to?: number },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(attempt, range)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function textOf(store: LogStore, part?: LogTail): Promise<string> {
  let text = "";
  for await (const piece of store.tail(ATTEMPT, part)) {
    equal(piece.isWellFormed(), true);
    text += piece;
  }
  return text;
}
