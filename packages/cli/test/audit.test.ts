import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { AUDIT_ACTIONS, type AuditAction, type AuditEntry } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { createProgram } from "../src/program.ts";
import { currentActor } from "@memodag/deployment/config";
import { audited, newAct } from "@memodag/operations";
import { Project } from "./project.ts";

/** Every command: what it writes down, or that it changes nothing that anybody would ask about. */
const WRITTEN_DOWN: Readonly<Record<string, AuditAction | "looks" | "service">> = {
  "api-server": "service",
  "approvals answer": "approvals.answer",
  "approvals ls": "looks",
  "approvals show": "looks",
  "audit ls": "looks",
  "cache diff": "looks",
  "cache disable": "cache.disable",
  "cache enable": "cache.enable",
  "cache explain": "looks",
  "cache gc": "cache.gc",
  "cache keygen": "looks",
  "cache locks": "cache.release",
  "cache ls": "looks",
  "cache purge": "cache.purge",
  "cache recheck": "dags.run",
  "cache show": "looks",
  "cache stats": "looks",
  "cache verify": "cache.verify",
  "caches clear": "caches.clear",
  "caches ls": "looks",
  "caches stats": "looks",
  complete: "looks",
  completion: "looks",
  "config check": "looks",
  "config show": "looks",
  "dag-processor": "service",
  "dags backfill": "dags.backfill",
  "dags check": "looks",
  "dags errors": "looks",
  "dags graph": "looks",
  "dags list": "looks",
  "dags plan": "looks",
  "dags pause": "dags.pause",
  "dags run": "dags.run",
  "dags show": "looks",
  "dags trigger": "dags.trigger",
  "dags unpause": "dags.unpause",
  "db clean": "db.clean",
  "db copy": "db.copy",
  // It makes the table that others are written to, and the migrations of a database are kept in it.
  "db migrate": "service",
  "db status": "looks",
  dev: "service",
  doctor: "looks",
  "entries get": "looks",
  "entries ls": "looks",
  "entries rm": "entries.rm",
  "entries show": "looks",
  // It makes files, and knows no database.
  init: "service",
  queues: "looks",
  "runs cancel": "runs.cancel",
  "runs delete": "runs.delete",
  "runs diff": "looks",
  "runs list": "looks",
  "runs show": "looks",
  scheduler: "service",
  "tasks clear": "tasks.clear",
  "tasks logs": "looks",
  "tasks set-state": "tasks.set-state",
  "tasks try": "looks",
  "tasks xcom": "looks",
  "tokens ls": "looks",
  "tokens make": "tokens.make",
  "tokens revoke": "tokens.revoke",
  // It makes a link, and knows no database.
  ui: "service",
  // It knows no database.
  worker: "service",
  "worker-api": "service",
  "workers drain": "workers.drain",
  "workers ls": "looks",
  "workers revoke": "workers.revoke",
  "workers token": "workers.token",
  "workers tokens": "looks",
};

/** Acts of no command. */
const OTHER_ACTIONS: readonly AuditAction[] = ["config.change"];

it("has a place for every command, and a command for every act", () => {
  expect(listCommands(createProgram()).toSorted()).toEqual(Object.keys(WRITTEN_DOWN).toSorted());
  const acts = new Set([...Object.values(WRITTEN_DOWN), ...OTHER_ACTIONS]);
  expect(AUDIT_ACTIONS.filter((action) => !acts.has(action))).toEqual([]);
});

function listCommands(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(" ")];
  return command.commands.flatMap((below) => listCommands(below, [...path, below.name()]));
}

describe("audit ls", () => {
  let project: Project;
  let failing: RunReport;
  let triggered: { readonly runId: string };
  let entries: AuditEntry[];

  beforeAll(async () => {
    project = new Project();
    await project.run("dags", "run", "shapes", "--param", "sides=5", "--conf", '{"password": "hunter2"}');
    failing = await project.json<RunReport>("dags", "run", "failing", "--no-cache");
    triggered = await project.json("dags", "trigger", "shapes", "--logical-date", "2026-11-03");
    await project.run("tasks", "clear", "failing", failing.runId, "--downstream");
    await project.run("tasks", "set-state", "failing", failing.runId, "bad", "success");
    await project.run("runs", "cancel", "shapes", triggered.runId);
    await project.run("dags", "pause", "shapes");
    await project.run("dags", "unpause", "shapes");
    await project.run("cache", "disable", "--reason", "bad data");
    await project.run("cache", "enable");
    await project.run("cache", "purge", "--task", "draw", "--team", "default", "--yes");
    await project.run("cache", "purge", "--all", "--dry-run");
    await project.run("cache", "gc");
    await project.run("cache", "gc", "--dry-run");
    await project.run("cache", "verify", "--repair");
    await project.run("cache", "verify");
    entries = await project.json<AuditEntry[]>("audit", "ls");
  });
  afterAll(() => project.remove());

  it("has everything that was done by command, with its filter and rows, and nothing that was only looked at", () => {
    const { runId } = failing;
    const done = (affected: number | null) => ({ kind: "done", affected });
    expect(entries.map(({ action, team, filter, outcome }) => [action, team, filter, outcome])).toEqual([
      ["cache.verify", null, { repair: true }, done(0)],
      ["cache.gc", null, {}, done(0)],
      ["cache.purge", "default", { taskId: "draw" }, done(3)],
      ["cache.enable", null, { reason: null }, done(null)],
      ["cache.disable", null, { reason: "bad data" }, done(null)],
      ["dags.unpause", "default", { dagId: "shapes" }, done(1)],
      ["dags.pause", "default", { dagId: "shapes" }, done(1)],
      ["runs.cancel", "default", { dagId: "shapes", runId: triggered.runId }, done(2)],
      [
        "tasks.set-state",
        "default",
        { dagId: "failing", runId, taskId: "bad", state: "success", downstream: false },
        done(1),
      ],
      ["tasks.clear", "default", { dagId: "failing", runId, downstream: true, useCache: false }, done(2)],
      [
        "dags.trigger",
        "default",
        { dagId: "shapes", logicalDate: "2026-11-03T00:00:00.000Z", runId: triggered.runId },
        done(1),
      ],
      ["dags.run", "default", { dagId: "failing", runId, cacheMode: "off" }, done(1)],
      [
        "dags.run",
        "default",
        { dagId: "shapes", conf: ["password"], params: ["sides"], runId: expect.any(String) },
        done(1),
      ],
    ]);
    expect(entries[0]).toMatchObject({
      actor: { kind: "os_user", name: userInfo().username, host: hostname() },
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it("never holds values of users, which may be secret", () => {
    expect(JSON.stringify(entries)).not.toContain("hunter2");
  });

  it("is narrowed down by team, action, time and number", async () => {
    const count = async (...options: string[]) =>
      (await project.json<unknown[]>("audit", "ls", ...options)).length;
    expect(await count("--team", "default")).toBe(9);
    expect(await count("--team", "other")).toBe(0);
    expect(await count("--action", "dags.run")).toBe(2);
    expect(await count("--since", "1h", "--limit", "3")).toBe(3);
    expect(await count("--since", "2099-01-01")).toBe(0);
    expect(await project.run("audit", "ls", "--action", "cache.burn")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cache\.purge/),
    });
    expect(await project.run("audit", "ls", "--since", "yesterday")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--since/),
    });
  });

  it("shows a line an act", async () => {
    const { stdout } = await project.run("audit", "ls", "--action", "cache.purge");
    expect(stdout).toMatch(/^TIME +WHO +ACTION +TEAM +WHAT +ROWS +OUTCOME\n/);
    expect(stdout).toMatch(/ \S+@\S+ +cache\.purge +default +taskId=draw +3 +done\n$/);
  });

  it("says that an act began where nobody said how it ended, and why one failed", async () => {
    await using metastore = await openAs(project);
    const { audit } = metastore;
    const act = newAct(currentActor(), "cache.purge", null, {});
    await expect(
      audited(
        audit,
        act,
        async () => {
          const [begun] = await audit.list({ limit: 1 });
          expect(begun).toMatchObject({ ...act, outcome: { kind: "begun" } });
          throw new Error("the disk is full");
        },
        () => 0,
      ),
    ).rejects.toThrow("the disk is full");
    const [failed] = await audit.list({ limit: 1 });
    expect(failed?.outcome).toEqual({ kind: "failed", error: "the disk is full" });
    const isDone = async () => {
      throw new Error("begun in spite of all");
    };
    const closed = { ...audit, begin: () => Promise.reject(new Error("read-only")) };
    await expect(audited(closed, act, isDone, () => 0)).rejects.toThrow("read-only");
  });
});

async function openAs({ folder }: Project) {
  const metastore = await openMetastore(`sqlite:${join(folder, ".memodag/metadata.db")}`);
  return { ...metastore, [Symbol.asyncDispose]: () => metastore.close() };
}
