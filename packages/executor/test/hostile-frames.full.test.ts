// A task can write what it likes to the channel of its worker. No sequence of frames leaves an attempt without
// an end, takes memory that it only claims, or passes off as a result what is none.

import fc from "fast-check";
import { canonicalBytes, readJson, type AttemptOutcome } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../src/frame.ts";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

const frame = (message: unknown, ...blobs: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(encodeFrame({ message, blobs: blobs.map((blob) => Buffer.from(blob)) }));

function success(value: string | Uint8Array, overrides: object = {}): Buffer {
  const outcome = {
    kind: "succeeded",
    xcoms: ["return_value"],
    durationMs: 1,
    uncacheable: null,
    packages: [],
  };
  return frame({ kind: "outcome", outcome: { ...outcome, ...overrides } }, value);
}

const failure = (overrides: object = {}): Buffer =>
  frame({
    kind: "outcome",
    outcome: {
      kind: "failed",
      error: { code: "task_failed", message: "m" },
      durationMs: 1,
      retryable: false,
      ...overrides,
    },
  });

/** A length, and the length of the message, with nothing behind them. */
function claim(length: number, jsonLength: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(length);
  bytes.writeUInt32BE(jsonLength, 4);
  return bytes;
}

const question = (name: unknown, id: unknown = 1): Buffer =>
  frame({ kind: "question", id, question: { kind: "variable", name } });

/** The body of a task that writes these bytes and then goes on. */
function writes(bytes: readonly Uint8Array[], then: string): string {
  const texts = JSON.stringify(bytes.map((each) => Buffer.from(each).toString("base64")));
  return `import { writeSync, closeSync } from "node:fs";
    dag.task("it", async () => {
      for (const text of ${texts}) {
        const bytes = Buffer.from(text, "base64");
        for (let at = 0; at < bytes.length;) {
          try { at += writeSync(3, bytes, at); } catch (error) { if (error.code !== "EAGAIN") break; }
        }
      }
      ${then}
    })();`;
}

const HANG = "await new Promise(() => setInterval(() => {}, 1e6));";

describe("what is no result", () => {
  it.each([
    ["is no JSON", success("nothing")],
    ["is two values", success("1 2")],
    ["is no UTF-8", success(Uint8Array.of(0x22, 0xff, 0x22))],
    ["has white space", success("[1, 2]")],
    ["has names out of order", success('{"b":1,"a":2}')],
    ["has a name twice", success('{"a":1,"a":2}')],
    ["ends in the middle of a string", success('["a')],
    ["has a number that is rounded", success("9007199254740993")],
    ["has half a character", success('"\\ud800"')],
    ["is deeper than values may be", success("[".repeat(100_000) + "]".repeat(100_000))],
    ["is large and no JSON", success(Buffer.alloc(3 * 2 ** 20, "["))],
    ["has no time", success("1", { durationMs: -1 })],
    [
      "takes for ever",
      Buffer.from(
        success("1", { durationMs: 123_456 }).toString("latin1").replace("123456", "1e9999"),
        "latin1",
      ),
    ],
    ["has a key of no database", success("1", { xcoms: ["return_value\0"] })],
    ["has another value", success("1", { xcoms: ["other"] })],
    ["has packages of another shape", success("1", { packages: [{ name: 1 }] })],
    ["is an error of an unknown form", failure({ error: { code: "Not A Code", message: "" } })],
    ["is a frame of another kind", frame({ kind: "run" })],
    ["is a question about nothing", question(7)],
    ["claims more than a frame may have", claim(0x2000_0001, 10)],
    ["claims a message that is longer than its frame", claim(10, 11)],
    ["claims a message that no outcome has", claim(0x1fff_ffff, 0x1fff_fff0)],
    [
      "claims a value that is over the limit",
      Buffer.concat([claim(4 + 24 + 2 ** 28, 24), Buffer.from("[{}, [268435456]]".padEnd(24))]),
    ],
  ])("is refused when it %s", async (_name, bytes) => {
    await using room = new ExecutorRoom({ killGraceMs: 50, maxXComBytes: 2 ** 27 });
    const before = process.memoryUsage().rss;
    const error = failed(await room.run(writes([bytes], HANG)));
    expect(error.code).toBe("worker_failed");
    expect(error.message).toContain("task code must not use descriptor 3");
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27);
  });
});

describe("an outcome", () => {
  it("is the first that is claimed, and what comes after it counts for nothing", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 50 });
    const frames = [success("1"), success("2"), failure(), Buffer.from("garbage"), question("x")];
    expect(returned(await room.run(writes(frames, HANG)))).toBe(1);
  });

  it("is text that every database takes", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 50 });
    const message = `a\0b\ud800${"x".repeat(1_000_000)}`;
    const error = failed(
      await room.run(writes([failure({ error: { code: "task_failed", message } })], HANG)),
    );
    expect(error.message).toMatch(/^a\ufffdb\ufffdx+$/);
    expect(error.message.length).toBeLessThan(20_000);
  });

  it("comes although the channel was closed: the attempt fails", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 50 });
    for (const then of [HANG, "return 1;", "process.exit(0);"]) {
      const outcome = await room.run(writes([], `closeSync(3); ${then}`));
      expect(["worker_failed", "task_exited", "task_killed"]).toContain(failed(outcome).code);
    }
  });
});

it("a flood of questions holds up its own task alone", async () => {
  let most = 0;
  let asked = 0;
  await using room = new ExecutorRoom({
    killGraceMs: 50,
    queries: {
      findXCom: () => Promise.resolve(undefined),
      findVariable: async () => {
        asked += 1;
        most = Math.max(most, asked);
        await new Promise((later) => setImmediate(later));
        asked -= 1;
        return "v";
      },
    },
  });
  const flood = Array.from({ length: 20_000 }, (_, id) => question("x", id + 1));
  const flooding = room.submit(writes([Buffer.concat(flood)], HANG), { executionTimeoutMs: 2_000 });
  expect(returned(await room.run(`dag.task("it", async () => 5)();`))).toBe(5);
  expect(failed(await flooding.finished).code).toBe("task_timeout");
  expect(most).toBeLessThanOrEqual(16);
  expect(most).toBeGreaterThan(1);
});

it("an attempt that waits for more than 10,000 answers gets them", async () => {
  await using room = new ExecutorRoom({
    queries: { findXCom: () => Promise.resolve(undefined), findVariable: async (_, name) => name },
  });
  const outcome = await room.run(`
    dag.task("it", async () => {
      const all = await Promise.all(Array.from({ length: 10_000 }, (_, at) => getClient().getVariable("v" + at)));
      return all.filter((value, at) => value === "v" + at).length;
    })();`);
  expect(returned(outcome)).toBe(10_000);
});

/** Pieces of a conversation: whole frames, halves of them, and bytes of no meaning. */
const piece: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.jsonValue().map((value) => success(canonicalBytes(value))),
  fc.string().map((text) => success(text)),
  fc.jsonValue().map((value) => frame(value)),
  fc.constantFrom(
    failure(),
    question("x"),
    frame({ kind: "outcome", outcome: { kind: "rescheduled", afterMs: 1e300, durationMs: 0 } }),
  ),
  fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    .map(([a, b]) => claim(a, b)),
  fc
    .tuple(fc.jsonValue(), fc.nat(40))
    .map(([value, length]) => success(canonicalBytes(value)).subarray(0, length)),
  fc.uint8Array({ maxLength: 40 }),
);

it("every conversation ends, and what succeeds has returned a value", async () => {
  await using room = new ExecutorRoom({ killGraceMs: 50, parallelism: 2 });
  const conversations = fc.sample(
    fc.record({
      pieces: fc.array(piece, { maxLength: 6 }),
      afterwards: fc.constantFrom(
        HANG,
        "return 1;",
        "process.exit(0);",
        "closeSync(3); return 1;",
        "closeSync(3);" + HANG,
        "throw 1;",
      ),
    }),
    { numRuns: 24, seed: 20261127 },
  );
  const queue = conversations.values();
  const ends: AttemptOutcome[] = [];
  const converse = async (): Promise<void> => {
    for (const { pieces, afterwards } of queue) {
      ends.push(await room.run(writes(pieces, afterwards), { executionTimeoutMs: 1_500 }));
    }
  };
  await Promise.all([converse(), converse()]);
  expect(ends).toHaveLength(conversations.length);
  for (const outcome of ends) {
    if (outcome.kind !== "succeeded") continue;
    for (const { bytes } of outcome.xcoms)
      expect(canonicalBytes(readJson(bytes))).toEqual(Uint8Array.from(bytes));
  }
  expect(new Set(ends.map(({ kind }) => kind)).size).toBeGreaterThan(1);
});
