// Job caches that the config names, with real workers, on both databases: which runs share them, what hits restore, and
// what is noticed.

import { createTestDatabase } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport, TaskReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const CONFIG = `[[caches]]
name = "models"
kind = "entries"
scope = "team"
store = "filesystem"

[[caches]]
name = "state"
kind = "entries"
scope = "dag"

[[caches]]
name = "scratch"
kind = "entries"
scope = "run"

[[caches]]
name = "rates"
kind = "values"
`;

const DAGS = `import { Dag, getCache, getContext, getValueCache, param, type EntryRef } from "memodag";

const text = (bytes: Uint8Array | undefined) => (bytes ? new TextDecoder().decode(bytes) : "none");

export const train = new Dag("train", { params: { version: param({ default: "v1" }) } });
const fit = train.task("fit", async ({ version }: { version: string }) => {
  for (const name of ["models", "state", "scratch"]) await getCache(name).group("best").save("model", version + " in " + name);
  await getContext().jobCache.save("best/model", version + " of the run");
  await getCache("models").delete("old");
  return await getCache("models").saveJson("best/metrics", { version });
  // Whether there was an old one is part of its answer.
}, { cache: { reads: { models: ["old"] } } });
const score = train.task("score", async ({ metrics }: { metrics: EntryRef }) => [
  await getCache("models").loadJson(metrics),
  text(await getCache("models").find("best/model")),
  text(await getCache("state").find("best/model")),
  text(await getCache("scratch").find("best/model")),
], { cache: { reads: { models: ["best/*"], state: ["best/model"], scratch: ["best/**"] } } });
const version = train.task("version", async () => getContext<typeof train>().params.version);
score({ metrics: fit({ version: version() }) });

export const predict = new Dag("predict");
const read = async () => [
  text(await getCache("models").find("best/model")),
  text(await getCache("models").find("old")),
  text(await getCache("state").find("best/model")),
  text(await getCache("scratch").find("best/model")),
];
predict.task("declared", read, { cache: { reads: { models: ["best/*", "old"], state: ["**"], scratch: ["**"] } } })();
predict.task("noticed", read, { cache: { reads: { models: ["best/*", "old"] } } })();

export const wrong = new Dag("wrong");
wrong.task("unknown", async () => await getCache("nowhere").has("a"))();
wrong.task("values", async () => await getCache("rates").has("a"))();
wrong.task("entries", async () => await getValueCache("models").find("a"))();
`;

const statuses = ({ tasks }: RunReport): Record<string, string | null> =>
  Object.fromEntries(tasks.map(({ taskId, cacheStatus }: TaskReport) => [taskId, cacheStatus]));

const workspaces: Workspace[] = [];
afterEach(async () => {
  for (const workspace of workspaces.splice(0)) await workspace.remove();
});

describe.each(["sqlite", "postgres"] as const)("named job caches on %s", (dialect) => {
  it("are shared as their scope says, and restored by hits as if the task had run", async () => {
    await using database = await createTestDatabase(dialect);
    const workspace = new Workspace({
      config: CONFIG,
      dags: { "caches.ts": DAGS },
      databaseUrl: database.url,
    });
    workspaces.push(workspace);
    await workspace.memodag(["db", "migrate"]);
    const run = async (...args: string[]) => await workspace.json<RunReport>("dags", "run", ...args);
    const returned = async ({ dagId, runId }: RunReport, taskId: string) => {
      const { stdout } = await workspace.memodag(["tasks", "xcom", dagId, runId, taskId, "--json"]);
      return (JSON.parse(stdout) as { return_value: unknown }).return_value;
    };

    expect(await returned(await run("predict"), "declared")).toEqual(["none", "none", "none", "none"]);
    const first = await run("train");
    expect(statuses(first)).toMatchObject({ fit: "populated", score: "populated" });
    const scored = (version: string) => [
      { version },
      `${version} in models`,
      `${version} in state`,
      `${version} in scratch`,
    ];
    expect(await returned(first, "score")).toEqual(scored("v1"));

    // Of the team: seen by another Dag. Of the Dag and of the run: not.
    const predicted = await run("predict");
    expect(await returned(predicted, "declared")).toEqual(["v1 in models", "none", "none", "none"]);
    expect(statuses(predicted)).toEqual({ declared: "populated", noticed: "uncacheable" });
    expect(predicted.tasks.find(({ taskId }) => taskId === "noticed")?.cacheReason).toBe(
      "undeclared_input(scratch(best/model), state(best/model))",
    );
    expect(statuses(await run("predict"))).toMatchObject({ declared: "hit" });

    const second = await run("train", "--param", "version=v2");
    expect(await returned(second, "score")).toEqual(scored("v2"));
    expect(await returned(await run("predict"), "declared")).toEqual([
      "v2 in models",
      "none",
      "none",
      "none",
    ]);

    // A hit takes the older model back, into the caches that it was saved in, and moves no byte.
    const third = await run("train");
    expect(statuses(third)).toMatchObject({ fit: "hit", score: "hit" });
    expect(third).toMatchObject({ bytesMoved: 0 });
    const again = await run("predict");
    expect(statuses(again)).toMatchObject({ declared: "hit" });
    expect(await returned(again, "declared")).toEqual(["v1 in models", "none", "none", "none"]);
    const listed = await workspace.json<{ cache: string; key: string }[]>(
      "entries",
      "ls",
      "train",
      third.runId,
    );
    expect(listed.map(({ cache, key }) => `${cache}:${key}`)).toEqual([
      ":best/model",
      "models:best/metrics",
      "models:best/model",
      "scratch:best/model",
      "state:best/model",
    ]);
  });

  it("are refused by a wrong name or kind, with the way out", async () => {
    await using database = await createTestDatabase(dialect);
    const workspace = new Workspace({
      config: CONFIG,
      dags: { "caches.ts": DAGS },
      databaseUrl: database.url,
    });
    workspaces.push(workspace);
    await workspace.memodag(["db", "migrate"]);
    const { tasks } = await workspace.json<RunReport>("dags", "run", "wrong");
    const errors = Object.fromEntries(tasks.map(({ taskId, error }) => [taskId, JSON.stringify(error)]));
    expect(errors["unknown"]).toMatch(/cache_not_configured.*add \[\[caches\]\] with name = .*nowhere/);
    expect(errors["values"]).toMatch(/cache_not_configured.*use getValueCache\(/);
    expect(errors["entries"]).toMatch(/value_cache_not_found.*use getCache\(/);
  });
});
