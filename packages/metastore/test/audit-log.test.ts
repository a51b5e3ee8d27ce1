import type { AuditAct, AuditActor } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRun, saveDag } from "./dags-and-runs.ts";

const actor = { kind: "os_user", name: "ada", host: "host" } as const;
const purge: AuditAct = { actor, action: "cache.purge", team: "ml", filter: { dagId: "d" } };

describe.each(TEST_DIALECTS)("the audit trail on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("tells what was done, what failed, and what nobody knows the end of", async () => {
    const { audit } = metastore;
    const done = await audit.begin(purge);
    const failed = await audit.begin({ ...purge, team: null });
    const open = await audit.begin({ ...purge, action: "cache.gc", filter: { text: "a \0 b" } });
    await audit.end(done, { kind: "done", affected: 3 });
    await audit.end(failed, { kind: "failed", error: "no" });
    const all = await audit.list({ limit: 9 });
    expect(all).toMatchObject([
      { id: open, action: "cache.gc", filter: { text: "a \0 b" }, outcome: { kind: "begun" } },
      { id: failed, team: null, outcome: { kind: "failed", error: "no" } },
      { id: done, ...purge, outcome: { kind: "done", affected: 3 } },
    ]);
    expect(Math.abs((all[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    const ids = async (filter: object) => (await audit.list({ limit: 9, ...filter })).map(({ id }) => id);
    expect(await ids({ team: "ml" })).toEqual([open, done]);
    expect(await ids({ team: "other" })).toEqual([]);
    expect(await ids({ action: "cache.purge" })).toEqual([failed, done]);
    expect(await ids({ since: Date.now() + 600_000 })).toEqual([]);
    expect(await ids({ since: Date.now() - 600_000 })).toHaveLength(3);
    expect(await ids({ limit: 1 })).toEqual([open]);
    expect(await ids({ limit: 1, after: open })).toEqual([failed]);
    expect(await ids({ after: done })).toEqual([]);
    await expect(audit.end(done, { kind: "failed", error: "a second end" })).rejects.toThrow(
      /unique|append-only/i,
    );
  });

  test("takes actors of other kinds than users of the system, and none that has no name or kind", async () => {
    const { audit, runs } = metastore;
    const principal = { kind: "principal", name: "ada@example.org", host: "api" } as const;
    const id = await audit.begin({ ...purge, actor: principal });
    expect((await audit.list({ limit: 1 }))[0]).toMatchObject({ id, actor: principal });
    for (const wrong of [{ name: "" }, { name: "a".repeat(251) }, { kind: "robot" }]) {
      const act = { ...purge, actor: { ...principal, ...wrong } as AuditActor };
      await expect(audit.begin(act)).rejects.toMatchObject({ code: "actor_invalid" });
      await expect(audit.write(act, 1)).rejects.toMatchObject({ code: "actor_invalid" });
      const version = await saveDag(metastore, "actors");
      await expect(runs.createRun(newRun("actors", version), act)).rejects.toMatchObject({
        code: "actor_invalid",
      });
    }
    expect(await runs.listRuns({ dagId: "actors", limit: 9 })).toEqual([]);
  });

  test.each([
    "update audit_entry set actor = 'nobody'",
    "update audit_outcome set affected = 0",
    "delete from audit_entry",
    "delete from audit_outcome where entry_id > 0",
    ...(dialect === "postgres"
      ? [
          "truncate audit_outcome",
          "set session_replication_role = replica; delete from audit_outcome",
          "insert into audit_entry overriding system value select * from audit_entry on conflict (id) do update set actor = 'nobody'",
        ]
      : [
          "replace into audit_outcome select entry_id, at, 0, null from audit_outcome",
          "insert or replace into audit_entry select id, at, actor_kind, 'nobody', host, action, team, filter from audit_entry",
        ]),
  ])("is only ever added to: %s", async (sql) => {
    const { audit } = metastore;
    await audit.end(await audit.begin(purge), { kind: "done", affected: 1 });
    const before = await audit.list({ limit: 99 });
    await expect(metastore.execute(sql)).rejects.toThrow(/audit_(entry|outcome) is append-only/);
    expect(await audit.list({ limit: 99 })).toEqual(before);
  });

  test("has what a store did, and nothing of what it did not do", async () => {
    const { audit, dags, runs, cacheSwitch } = metastore;
    const versionId = await saveDag(metastore, "acted");
    const latest = async () => (await audit.list({ limit: 1 }))[0];
    const of = (action: AuditAct["action"]): AuditAct => ({ actor, action, team: "red", filter: {} });

    await dags.setPaused("red", "acted", true, of("dags.pause"));
    expect(await latest()).toMatchObject({ action: "dags.pause", outcome: { kind: "done", affected: 1 } });
    expect(await dags.setPaused("red", "nowhere", true, of("dags.unpause"))).toBe(false);
    expect(await latest()).toMatchObject({ action: "dags.pause" });

    await cacheSwitch.turn({ isEnabled: false, reason: null, changedBy: "ada" }, of("cache.disable"));
    expect(await latest()).toMatchObject({ action: "cache.disable" });

    const run = await runs.createRun(newRun("acted", versionId), of("dags.run"));
    expect(await latest()).toMatchObject({ action: "dags.run" });
    await expect(runs.createRun(newRun("acted", versionId), of("dags.trigger"))).rejects.toMatchObject({
      code: "dag_run_exists",
    });
    expect(await runs.clearTasks("red", run.id, [], of("tasks.clear"))).toEqual([]);
    expect(await latest()).toMatchObject({ action: "dags.run" });
  });
});
