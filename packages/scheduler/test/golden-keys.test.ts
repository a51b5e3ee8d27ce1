// Keys of serialized Dags as they are stored in databases: these values may never change within an edition of the key.

import {
  sha256,
  type DagRun,
  type JsonObject,
  type NamedTemplate,
  type SerializedCacheConfig,
} from "@memodag/core";
import { expect, test } from "vitest";
import { MadeKey } from "../src/cache/made-key.ts";
import { buildDagGraph } from "../src/graph/dag-graph.ts";
import { RunResults } from "../src/values/run-results.ts";
import { ValueWorker } from "../src/values/value-worker.ts";
import { serializedDag, serializedTask } from "./serialized.ts";

const PLAIN: SerializedCacheConfig = {
  ttlMs: "default",
  excludeInputs: [],
  includeInputs: [],
  env: [],
  version: null,
  serialize: false,
  errorsTtlMs: null,
};

const ARGS: readonly NamedTemplate[] = [
  ["rows", { kind: "result", taskId: "load", path: [] }],
  ["depth", { kind: "literal", json: "3" }],
  ["options", { kind: "literal", json: '{"model":{"name":"tree"},"verbose":true}' }],
  [
    "both",
    {
      kind: "list",
      items: [
        { kind: "literal", json: "1" },
        { kind: "result", taskId: "load", path: [] },
      ],
    },
  ],
];

async function keyOf(config: Partial<SerializedCacheConfig>, keyJson?: string): Promise<string> {
  const cache = { ...PLAIN, ...config };
  const task = serializedTask("train", { args: ARGS, upstream: ["load"], cache });
  const dag = serializedDag([serializedTask("load"), task]);
  const read = () => Promise.resolve(new Map<string, Uint8Array>());
  const values = new ValueWorker();
  const results = new RunResults("ml", buildDagGraph(dag), { read }, values);
  results.setReturned(results.nodeOf("load"), -1, { digest: sha256("[1,2]"), sizeBytes: 5, store: null });
  const params: JsonObject = { species: "Adelie", depth: 3 };
  const run = {
    team: "ml",
    dagId: "dag",
    runId: "run-1",
    runType: "manual",
    logicalDate: Date.UTC(2026, 10, 21),
    conf: { region: "eu" },
    params,
    dataIntervalStart: null,
    dataIntervalEnd: null,
  } as unknown as DagRun;
  const made = await MadeKey.make(
    {
      dag,
      task,
      config: cache,
      args: ARGS,
      run,
      mapIndex: -1,
      env: { REGION: "eu" },
      surroundings: {
        kind: "known",
        runtime: { node: "24.21.0", platform: "linux x64" },
        files: cache.files
          ? { digests: { "data/*.csv": sha256("rows") }, shown: null, count: 1, stamp: "" }
          : null,
      },
      ...(cache.reads && {
        entries: [
          { cache: "jobCache", pattern: "grid", entries: [{ key: "grid", digest: sha256("g") }] },
        ] as never,
      }),
      keyJson,
    },
    results,
  );
  return made.key;
}

test.each<[name: string, config: Partial<SerializedCacheConfig>, key: string]>([
  ["cache: true", {}, "5a11ebd7ec46a8ed9c172e03cbcce818abf7757d30bd4271c012397e2806ba13"],
  [
    "what is no part of it",
    { ttlMs: 1, serialize: true, errorsTtlMs: 1, mode: "keep", expires: { afterMs: 1 }, trust: ["imports"] },
    "5a11ebd7ec46a8ed9c172e03cbcce818abf7757d30bd4271c012397e2806ba13",
  ],
  [
    "where results are kept",
    { keyStorage: "a", resultStorage: "b" },
    "5a11ebd7ec46a8ed9c172e03cbcce818abf7757d30bd4271c012397e2806ba13",
  ],
  [
    "excludeInputs",
    { excludeInputs: ["depth", "options"] },
    "f92061e0e9ef888a9c2baf79fa1dbd75d893f7d210140740ccd151fa00c55014",
  ],
  [
    "includeInputs",
    { includeInputs: ["dagRun.conf.region", "logicalDate", "params"] },
    "1a73920120d748729710b1b561a82083efe4e7f7227fc086bde78f0876c7789a",
  ],
  [
    "includeInputs that are not there",
    { includeInputs: ["params.other"] },
    "3fe918eb4e209629ce1767261dad91bb042b79ad9c939f92ab37ed048f451587",
  ],
  [
    "the run",
    { includeInputs: ["dagRun.runId", "taskInstance.mapIndex"] },
    "50a17fbd1e3017524c0078df54399a72f9d06e8d368bc44bb23145c413dff154",
  ],
  ["env", { env: ["HOME", "REGION"] }, "8d5fc3e1ea640021e332e87cc0aa05c0ca42efb2db8ebefdcc1399e3e72d2d43"],
  ["version", { version: "2" }, "b164d44510d9080d8402b35f18062e4232311cb3d74903b2334ea0646986a2ac"],
  [
    "version in place of the code",
    { version: "2", ignoreSource: true },
    "a6b918b22e70fb9715b3c2989b53b510700a09c7746f160f02fa32fa155caa92",
  ],
  ["files", { files: ["data/*.csv"] }, "0eb34efc7b676db37da5da35aaed216dc297d2a4e3575bdcd6df1e5f98b9dd8f"],
  [
    "inputs",
    { projections: [["options", ["model.name", "other"]]] },
    "9b4256897e952632f9290f3ff98a279ba28b7ae22561d3605044e61bdfabea10",
  ],
  ["share", { share: "train" }, "6152434c415347b09d483b149b20f10816c0bdd44f0a4200dafcf7a93143b991"],
  [
    "everything",
    {
      excludeInputs: ["depth"],
      includeInputs: ["params.species"],
      env: ["REGION"],
      version: "2",
      files: ["data/*.csv"],
      projections: [["options", ["verbose"]]],
    },
    "aff075da8de7909bf9c0a74ef4b143591c35329d149b95f7e989652b485070c3",
  ],
])("the key of %s is the same for ever", async (_name, config, key) => {
  expect(await keyOf(config)).toBe(key);
});

test("the key of a key function is the same for ever", async () => {
  const key = { sourceHash: sha256("key function") };
  const made = await keyOf({ excludeInputs: ["rows"], key }, '"etag-1"');
  expect(made).toBe("cdded6bb32d2b047c6c2820c688a5923bcb0d68dec253dc6173b8997d13727d6");
  // Whether its answers are remembered or confirmed does not count.
  expect(await keyOf({ excludeInputs: ["rows"], key: { ...key, trust: "pure" } }, '"etag-1"')).toBe(made);
  expect(await keyOf({ excludeInputs: ["rows"], key }, '"etag-2"')).not.toBe(made);
});
