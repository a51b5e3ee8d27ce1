import { sha256 } from "@memodag/core";
import { describe, expect, test } from "vitest";
import { buildDagGraph } from "../../src/graph/dag-graph.ts";
import { RunResults } from "../../src/values/run-results.ts";
import { ValueWorker } from "../../src/values/value-worker.ts";
import { serializedDag, serializedTask } from "../serialized.ts";

const literal = { kind: "literal", json: "[]" } as const;

/** Values that must not be read. */
const unreadable = {
  read: async () => {
    throw new Error("bytes were read");
  },
};

function openResults(): RunResults {
  const tasks = [
    serializedTask("load"),
    serializedTask("each", { expand: [["n", literal]] }),
    serializedTask("use", { upstream: ["load", "each"] }),
  ];
  return new RunResults("default", buildDagGraph(serializedDag(tasks)), unreadable, new ValueWorker());
}

describe("an upstream's result in a key", () => {
  test("is the digest that was taken where it was made: 10 MB are neither read nor hashed again", async () => {
    const results = openResults();
    const returned = { digest: sha256("of ten megabytes"), sizeBytes: 10 * 2 ** 20, store: null };
    results.setReturned(results.nodeOf("load"), -1, returned);
    expect(await results.digestOf({ kind: "result", taskId: "load", path: [] })).toBe(returned.digest);
    expect(results.sizeOf({ kind: "result", taskId: "load", path: [] })).toBe(returned.sizeBytes);
  });

  test("that is a list of many is made of their digests, in order", async () => {
    const collected = async (digests: readonly string[]) => {
      const results = openResults();
      for (const [mapIndex, digest] of digests.entries()) {
        results.setReturned(results.nodeOf("each"), mapIndex, { digest, sizeBytes: 2 ** 30, store: null });
      }
      return await results.digestOf({ kind: "result", taskId: "each", path: [] });
    };
    const [a, b] = [sha256("a"), sha256("b")];
    expect(await collected([a, b])).toBe(await collected([a, b]));
    expect(new Set([await collected([a, b]), await collected([b, a]), await collected([a])]).size).toBe(3);
  });

  test("is that of null where there is none", async () => {
    const results = openResults();
    expect(await results.digestOf({ kind: "result", taskId: "load", path: [] })).toBe(sha256("null"));
  });

  test("needs the bytes for one field of it", async () => {
    const results = openResults();
    results.setReturned(results.nodeOf("load"), -1, { digest: sha256("x"), sizeBytes: 1, store: null });
    await expect(results.digestOf({ kind: "result", taskId: "load", path: ["a"] })).rejects.toThrow(
      "bytes were read",
    );
  });
});
