import { sha256, type SourceComponent, type TaskSourceRecord } from "@memodag/core";
import { describe, expect, test } from "vitest";
import type { EarlierKey, LookupVerdict, RecordedComponents, RemovalCause } from "../../src/index.ts";
import { explainMiss, type MissEvidence } from "../../src/decisions/explain-miss.ts";

function components(changes: Partial<RecordedComponents> = {}): RecordedComponents {
  return {
    v: 1,
    team: "ml",
    dag: "dag",
    task: "fit",
    source: "source 1",
    inputs: { depth: sha256("3"), rows: sha256("rows") },
    context: { "params.region": sha256('"eu"') },
    env: { REGION: sha256('"eu"') },
    version: null,
    shown: { "inputs.depth": "3", "context.params.region": '"eu"', "env.REGION": '"eu"' },
    ...changes,
  };
}

const earlier = (name: string, changes: Partial<RecordedComponents> = {}): EarlierKey => ({
  key: sha256(name),
  runId: `run ${name}`,
  components: components(changes),
});

function explain(given: Partial<MissEvidence>) {
  return explainMiss({
    verdict: "no_entry",
    components: components(),
    removal: undefined,
    earlier: [],
    sources: new Map(),
    ...given,
  });
}

describe("why a task missed", () => {
  test("nothing is known of it: the first run", () => {
    expect(explain({})).toEqual({
      reason: "first_run",
      detail: null,
      comparedWith: null,
      comparedRunId: null,
      changes: [],
    });
  });

  test.each<[LookupVerdict]>([
    ["expired"],
    ["result_missing"],
    ["integrity_failed"],
    ["refresh"],
    ["lookup_timeout"],
    ["lookup_failure"],
  ])("%s is said as it is, whatever else is known", (verdict) => {
    const known = { verdict, removal: "purged", earlier: [earlier("1", { version: "v2" })] } as const;
    expect(explain(known)).toMatchObject({ reason: verdict, comparedWith: null, changes: [] });
  });

  test.each<[RemovalCause | "untold", string]>([
    ["untold", "purged"],
    ["purged", "purged"],
    ["evicted", "purged"],
    ["expired", "expired"],
    ["result_missing", "result_missing"],
    ["integrity_failed", "integrity_failed"],
  ])("an entry that went, %s, is %s, whatever changed", (removal, reason) => {
    expect(explain({ removal, earlier: [earlier("1", { version: "v2" })] })).toMatchObject({
      reason,
      comparedWith: null,
      changes: [],
    });
  });

  test.each<[string, Partial<RecordedComponents>]>([
    ["source_changed", { source: "source 0" }],
    ["input_changed", { inputs: { depth: sha256("4"), rows: sha256("rows") } }],
    ["input_changed", { inputs: { rows: sha256("rows") } }],
    ["context_changed", { context: { "params.region": sha256('"us"') } }],
    ["env_changed", { env: { REGION: sha256('"us"') } }],
    ["version_changed", { version: "v0" }],
    ["entry_changed", { entries: { "jobCache(grid)": sha256("grid") } }],
    ["key_changed", { key: sha256("1") }],
    ["source_changed", { keySource: sha256("f") }],
    ["share_changed", { share: "embed" }],
  ])("%s", (reason, before) => {
    const explained = explain({ earlier: [earlier("1", before)] });
    expect(explained).toMatchObject({ reason, comparedWith: sha256("1"), comparedRunId: "run 1" });
    expect(explained.changes).toHaveLength(1);
  });

  test("a package is told by its versions, and code by its place, where that is known", () => {
    const parts = (version: string, digest: string): SourceComponent[] => [
      { kind: "package", path: "", name: "ml-cart", version, digest: version },
      { kind: "function", path: "lib/clean.ts", name: "trim", version: null, digest },
    ];
    const sources = (before: SourceComponent[], after: SourceComponent[]): Map<string, TaskSourceRecord> =>
      new Map([
        ["source 0", { sourceHash: "source 0", mode: "slice", components: before }],
        ["source 1", { sourceHash: "source 1", mode: "slice", components: after }],
      ]);
    const known = { earlier: [earlier("1", { source: "source 0" })] };
    const updated = explain({ ...known, sources: sources(parts("2.1.1", "a"), parts("2.1.2", "a")) });
    expect(updated).toMatchObject({
      reason: "package_changed",
      changes: [{ kind: "package", path: "ml-cart", before: "2.1.1", after: "2.1.2" }],
    });
    const both = explain({ ...known, sources: sources(parts("2.1.1", "a"), parts("2.1.2", "b")) });
    // The author's own edit comes first.
    expect(both.reason).toBe("source_changed");
    expect(both.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "source lib/clean.ts function trim",
      "package ml-cart",
    ]);
  });

  test("the nearest key has the fewest differences; of several, it is the latest", () => {
    const us = { context: { "params.region": sha256('"us"') } };
    const explained = explain({
      earlier: [
        earlier("other region, other version", { ...us, version: "v0" }),
        earlier("other version", { version: "v0" }),
        earlier("other version, before that", { version: "v00" }),
      ],
    });
    expect(explained).toMatchObject({ reason: "version_changed", comparedRunId: "run other version" });
  });
});
