import { API_PREFIX, pathFields, ROUTES, toRequest, type RoutedName } from "@memodag/api-contract";
import { systemClock, silentLogger, type JsonValue } from "@memodag/core";
import { loadSettings } from "@memodag/deployment/config";
import { openPlanner } from "@memodag/deployment/scheduler";
import { operationContext, withDeployment } from "@memodag/deployment/stores";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import type { OperationContext } from "@memodag/operations";
import type { RecordReport } from "@memodag/operations/cache";
import { endedRuns, findOperation, OPERATIONS, taskLogs, type Operation } from "@memodag/operations/contract";
import type { RunReport } from "@memodag/operations/runs";
import type { MadeApiToken } from "@memodag/operations/tokens";
import { join } from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withApi } from "./project-api.ts";
import { Project } from "./project.ts";

const PRINCIPAL = { kind: "principal", name: "ada@example.org", host: "api" } as const;

/** A Dag with a schedule, params, a branch and a remembered failure, beside those of every project. */
const RICH = `import { Dag, getContext, param } from "memodag";
export const rich = new Dag("rich", {
  schedule: "@daily", startDate: "2026-11-01", endDate: "2026-11-03", tags: ["a"], description: "all of it",
  params: { depth: param({ default: 2, schema: { type: "integer" } }), password: "sesame" },
});
const fit = rich.task("fit", ({ depth }: { depth: number }) => depth, { cache: { ttl: "1h", version: "1", errors: "1h" } });
fit({ depth: 2 });
rich.task("keep", async () => await getContext().jobCache.save("tiles/1", "one"))();
rich.transaction("load").transaction("parts").task("part", () => 1)();
`;

interface Ids {
  readonly runId: string;
  readonly failedId: string;
  readonly richId: string;
  readonly keys: readonly [string, string];
  /** Of a token for workers. */
  readonly tokenId: string;
  /** For the REST API. */
  readonly apiToken: MadeApiToken;
}

const WORKER = {
  name: "gpu-1",
  host: "machine",
  pid: 7,
  queues: ["gpu"],
  concurrency: 2,
  version: "0.1.0",
  node: "24.5.0",
};

/** Each operation with an input, and how the command line is asked for the same; what only looks comes first. */
const CASES: readonly [name: string, input: (ids: Ids) => object, words?: (ids: Ids) => string[]][] = [
  ["dags.list", () => ({}), () => ["dags", "list"]],
  ["dags.plan", () => ({ dagId: "shapes" }), () => ["dags", "plan", "shapes"]],
  ["dags.errors", () => ({}), () => ["dags", "errors"]],
  ["dags.show", () => ({ dagId: "shapes" }), () => ["dags", "show", "shapes"]],
  ["dags.show", () => ({ dagId: "rich" }), () => ["dags", "show", "rich"]],
  [
    "dags.graph",
    () => ({ dagId: "shapes", format: "svg" }),
    () => ["dags", "graph", "shapes", "--format", "svg"],
  ],
  ["runs.list", () => ({}), () => ["runs", "list"]],
  [
    "runs.show",
    ({ runId }) => ({ dagId: "shapes", runId }),
    ({ runId }) => ["runs", "show", "shapes", runId],
  ],
  [
    "runs.show",
    ({ failedId: runId }) => ({ dagId: "failing", runId }),
    ({ failedId }) => ["runs", "show", "failing", failedId],
  ],
  [
    "runs.list",
    () => ({ state: "failed", from: "2026-11-03", text: "AIL" }),
    () => ["runs", "list", "--state", "failed", "--text", "AIL"],
  ],
  ["runs.instances", ({ runId }) => ({ dagId: "shapes", runId, taskId: "draw", since: 0, limit: 1 })],
  ["runs.instance-columns", ({ runId }) => ({ dagId: "shapes", runId, cacheStatus: "populated" })],
  ["dags.grid", () => ({ dagId: "shapes" })],
  ["dags.grid", ({ runId }) => ({ dagId: "shapes", runIds: [runId, "none"] })],
  ["dags.calendar", () => ({ dagId: "shapes" })],
  ["runs.attempts", ({ runId }) => ({ dagId: "shapes", runId, limit: 2 })],
  ["runs.outline", ({ runId }) => ({ dagId: "shapes", runId })],
  ["runs.compare", ({ runId }) => ({ dagId: "shapes", before: runId, after: runId })],
  ["tasks.plan-clear", ({ runId }) => ({ dagId: "shapes", runId, taskId: "draw", downstream: true })],
  ["tasks.values", ({ runId }) => ({ dagId: "shapes", runId, taskId: "draw", mapIndex: 0 })],
  ["tasks.show", ({ runId }) => ({ dagId: "shapes", runId, taskId: "draw", mapIndex: 0 })],
  ["runs.home", () => ({})],
  ["runs.revisions", () => ({ since: "2026-11-03T06:00:00Z" })],
  ["tasks.list", ({ runId }) => ({ dagId: "shapes", runId, limit: 2 })],
  [
    "tasks.xcoms",
    ({ runId }) => ({ dagId: "shapes", runId, taskId: "draw", mapIndex: 1 }),
    ({ runId }) => ["tasks", "xcom", "shapes", runId, "draw", "--map-index", "1"],
  ],
  [
    "entries.list",
    ({ richId: runId }) => ({ dagId: "rich", runId }),
    ({ richId }) => ["entries", "ls", "rich", richId],
  ],
  [
    "entries.show",
    ({ richId: runId }) => ({ dagId: "rich", runId, key: "tiles/1" }),
    ({ richId }) => ["entries", "show", "rich", richId, "tiles/1"],
  ],
  ["entries.rm", ({ richId: runId }) => ({ dagId: "rich", runId, key: "tiles", isGroup: true })],
  ["caches.list", () => ({}), () => ["caches", "ls"]],
  ["caches.stats", () => ({ name: "rates" }), () => ["caches", "stats", "rates"]],
  ["caches.stats", () => ({ name: "models" }), () => ["caches", "stats", "models"]],
  [
    "caches.plan-clear",
    () => ({ name: "rates", under: "eur" }),
    () => ["caches", "clear", "rates", "--under", "eur", "--dry-run"],
  ],
  ["caches.clear", () => ({ name: "models" })],
  ["cache.list", () => ({ sort: "size", limit: 100 }), () => ["cache", "ls", "--sort", "size"]],
  ["cache.show", ({ keys }) => ({ key: keys[0] }), ({ keys }) => ["cache", "show", keys[0]]],
  [
    "cache.diff",
    ({ keys }) => ({ before: keys[0], after: keys[1] }),
    ({ keys }) => ["cache", "diff", ...keys],
  ],
  ["cache.stats", () => ({}), () => ["cache", "stats"]],
  ["cache.health", () => ({})],
  ["cache.reasons", () => ({ days: 30, limit: 2 })],
  ["cache.switch-turns", () => ({})],
  ...(["draw", "sum"] as const).map((taskId): (typeof CASES)[number] => {
    const index = taskId === "draw" ? { mapIndex: 0 } : {};
    return [
      "cache.explain",
      ({ runId }) => ({ dagId: "shapes", runId, taskId, ...index }),
      ({ runId }) => [
        "cache",
        "explain",
        "shapes",
        runId,
        taskId,
        ...(taskId === "draw" ? ["--map-index", "0"] : []),
      ],
    ];
  }),
  [
    "cache.explain-run",
    ({ runId }) => ({ dagId: "shapes", runId }),
    ({ runId }) => ["cache", "explain", "shapes", runId],
  ],
  ["audit.show", () => ({ id: 1 })],
  ["tokens.list", () => ({}), () => ["tokens", "ls"]],
  ["tokens.make", () => ({ name: "ci", role: "operator", team: "default", hasValues: false })],
  ["processes.list", () => ({})],
  ["pools.list", () => ({})],
  ["cache.locks", () => ({})],
  ["cache.plan-gc", () => ({}), () => ["cache", "gc", "--dry-run"]],
  ["cache.plan-purge", () => ({ dagId: "shapes" }), () => ["cache", "purge", "--dag", "shapes", "--dry-run"]],
  ["cache.verify", () => ({}), () => ["cache", "verify"]],
  ["dags.pause", () => ({ dagId: "rich", isPaused: true }), () => ["dags", "pause", "rich"]],
  ["dags.trigger", () => ({ dagId: "shapes", logicalDate: "2026-11-03T06:00Z" })],
  ["dags.backfill", () => ({ dagId: "rich", range: { from: "2026-11-01", to: "2026-11-02" } })],
  [
    "dags.backfill",
    () => ({ dagId: "rich", range: { from: "2026-11-01", to: "2026-11-02" }, dryRun: true }),
    () => ["dags", "backfill", "rich", "--from", "2026-11-01", "--to", "2026-11-02", "--dry-run"],
  ],
  ["tasks.clear", ({ failedId: runId }) => ({ dagId: "failing", runId })],
  [
    "tasks.set-state",
    ({ failedId: runId }) => ({ dagId: "failing", runId, taskId: "bad", state: "success" }),
  ],
  ["runs.cancel", ({ failedId: runId }) => ({ dagId: "failing", runId })],
  ["runs.delete", ({ failedId: runId }) => ({ dagId: "failing", runIds: [runId] })],
  ["cache.release", ({ keys }) => ({ key: keys[0] })],
  ["cache.switch", () => ({ isEnabled: true, reason: "it is well" })],
  ["cache.verify", () => ({ repair: true })],
  ["db.plan-clean", () => ({}), () => ["db", "clean", "--dry-run"]],
  ["db.clean", () => ({})],
  ["cache.gc", () => ({})],
  ["cache.purge", () => ({ all: true })],
  ["workers.list", () => ({}), () => ["workers", "ls"]],
  ["queues.list", () => ({}), () => ["queues"]],
  ["workers.tokens", () => ({}), () => ["workers", "tokens"]],
  ["workers.drain", () => ({ worker: "gpu-1" }), () => ["workers", "drain", "gpu-1"]],
  ["workers.token", () => ({ name: "more", queues: ["gpu"], validForMs: null })],
  ["workers.revoke", ({ tokenId: id }) => ({ id })],
  ["audit.list", () => ({}), () => ["audit", "ls"]],
  ["tokens.revoke", ({ apiToken: { id } }) => ({ id })],
];

/** A cache of each kind. */
const CACHES = `[[caches]]
name = "rates"
kind = "values"
[[caches]]
name = "models"
kind = "entries"
scope = "team"
`;

describe.each(TEST_DIALECTS)("operations on %s", (dialect) => {
  let project: Project;
  let ids: Ids;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let endedOnes: RunReport[];

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n${CACHES}`,
    );
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(project.folder, "dags/rich.ts"), RICH);
    await project.json("db", "migrate");
    const [first, failed] = [
      await project.json<RunReport>("dags", "run", "shapes"),
      await project.json<RunReport>("dags", "run", "failing"),
    ];
    const kept = await project.json<RunReport>("dags", "run", "rich", "--param", "password=sesame");
    const changed = await project.json<RunReport>("dags", "run", "shapes", "--param", "sides=4");
    const records = await project.json<RecordReport[]>("cache", "ls", "--task", "draw");
    const { id: tokenId } = await project.json<{ id: string }>("workers", "token", "--name", "gpus");
    await as(({ stores }) => stores.workerHosts.register({ ...WORKER, tokenId }));
    const apiToken = await project.json<MadeApiToken>("tokens", "make", "--name", "ci", "--role", "admin");
    ids = {
      tokenId,
      apiToken,
      runId: changed.runId,
      failedId: failed.runId,
      richId: kept.runId,
      keys: [records[0]?.key ?? "", records[1]?.key ?? ""],
    };
    endedOnes = [first, failed, kept, changed];
  });

  afterAll(async () => {
    project.remove();
    await database[Symbol.asyncDispose]();
  });

  async function as<T>(work: (context: OperationContext) => Promise<T>): Promise<T> {
    const loaded = await loadSettings({ config: join(project.folder, "memodag.toml") });
    return await withDeployment({ loaded, log: silentLogger }, async (deployment) => {
      const context = operationContext(deployment, { clock: systemClock, log: silentLogger, openPlanner });
      return await work({ ...context, actor: PRINCIPAL });
    });
  }

  /** What the REST API answers. */
  async function overHttp(url: string, name: string, input: object): Promise<JsonValue> {
    const route = ROUTES[name as RoutedName];
    const defaults = { team: "default", mapIndex: -1 };
    const fields = pathFields(route.path).flatMap((field) =>
      field in defaults && !(field === "team" && route.isAcrossTeams)
        ? [[field, defaults[field as keyof typeof defaults]]]
        : [],
    );
    const request = toRequest(route, { ...Object.fromEntries(fields), ...input });
    const address = new URL(`${API_PREFIX}${request.path}`, "http://localhost");
    for (const [field, value] of request.query) address.searchParams.append(field, value);
    const answer = await fetch(new URL(`${address.pathname}${address.search}`, url), {
      method: route.method,
      headers: { authorization: `Bearer ${ids.apiToken.token}`, "content-type": "application/json" },
      ...(request.body && { body: JSON.stringify(request.body) }),
    });
    const body = (await answer.json()) as JsonValue;
    expect({ status: answer.status, body }).toMatchObject({ status: 200 });
    return body;
  }

  it("each that only looks is over HTTP what it is here", async () => {
    await withApi(project, async ({ url }) => {
      await as(async (context) => {
        for (const [name, inputOf] of CASES) {
          const { kind, input: schema, output, run } = findOperation(name) as Operation;
          if (kind === "act") continue;
          const input = schema.parse(inputOf(ids)) as object;
          const here = output.parse(plain(await run(context, input)));
          const there = output.parse(await overHttp(url, name, input));
          expect([name, untimed(there)]).toEqual([name, untimed(here)]);
        }
      });
    });
  });

  it.each(CASES)(
    "%s gives what its schema says, and what the command prints",
    async (name, inputOf, wordsOf) => {
      const operation = findOperation(name);
      if (!operation) throw new Error(`there is no operation ${name}`);
      const input = operation.input.parse(inputOf(ids));
      const output = plain(await as((context) => operation.run(context, input)));
      expect(operation.output.parse(output)).toEqual(output);
      if (!wordsOf) return;
      const printed = await project.json<JsonValue>(...wordsOf(ids));
      const whole =
        Array.isArray(printed) && isPage(output) ? { items: printed, next: output.next } : printed;
      expect(untimed(operation.output.parse(whole))).toEqual(untimed(output));
    },
  );

  it("has every operation tried here, and every schema is one of JSON", () => {
    const tried = new Set(CASES.map(([name]) => name));
    // Waiting needs a scheduler: see the services' tests.
    tried.add("dags.trigger-and-wait");
    // They need a task that waits: see approvals.full.test.ts.
    for (const act of ["answer", "list", "show"]) tried.add(`approvals.${act}`);
    expect([...tried].sort()).toEqual(Object.keys(OPERATIONS).sort());
    for (const { input, output } of Object.values(OPERATIONS))
      for (const schema of [input, output])
        expect(z.toJSONSchema(schema, { io: "input" })).toBeTypeOf("object");
  });

  it("has schemas of what runs to its end, and of logs", async () => {
    expect(endedRuns.parse(endedOnes)).toEqual(endedOnes);
    const logs = await project.json<JsonValue>("tasks", "logs", "shapes", ids.runId, "sum");
    expect(taskLogs.parse(logs)).toEqual(logs);
  });

  it("writes down who it was done for", async () => {
    await as((context) => OPERATIONS["dags.pause"].run(context, { dagId: "shapes", isPaused: false }));
    const [entry] = await project.json<{ action: string; actor: object }[]>("audit", "ls", "--limit", "1");
    expect(entry).toMatchObject({ action: "dags.unpause", actor: PRINCIPAL });
  });

  it("goes on where a page ended, whatever is made meanwhile, and refuses cursors of other lists", async () => {
    const firstPage = await project.run("runs", "list", "shapes", "--limit", "1", "--json");
    const [, cursor = ""] = /--after (\S+) shows the next/.exec(firstPage.stderr) ?? [];
    await project.json("dags", "trigger", "shapes");
    const rest = await project.json<{ runId: string }[]>("runs", "list", "shapes", "--after", cursor);
    const all = await project.json<{ runId: string }[]>("runs", "list", "shapes");
    expect(rest).toEqual(all.slice(2));
    for (const words of [
      ["cache", "ls"],
      ["audit", "ls"],
      ["runs", "list", "--limit", "3"],
    ]) {
      const wrong = words[0] === "runs" ? cursor.slice(0, -2) : cursor;
      expect(await project.run(...words, "--after", wrong)).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/is not a cursor of this list/),
      });
    }
  });
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function isPage(value: unknown): value is { items: unknown[]; next: string | null } {
  return typeof value === "object" && value !== null && "items" in value && "next" in value;
}

/** Without what passes between two questions, and cursors, which the REST API seals. */
function untimed(value: unknown): unknown {
  const moving = new Set(["ageMs", "verdict", "next"]);
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (moving.has(key) ? null : part)));
}
