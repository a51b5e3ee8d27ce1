// The Dags of Airflow's TypeScript SDK that ask a person, in real processes: they run with other import lines,
// and one scheduler carries all of them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as rest } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const moved = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`moved/${name}`, import.meta.url)), "utf8");

interface Open {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly request: { readonly subject: string; readonly body: string | null };
}

describe("Dags of Airflow's TypeScript SDK that ask a person", () => {
  let workspace: Workspace;
  let runIds: Readonly<Record<string, string>>;
  let open: Readonly<Record<string, Open>>;

  beforeAll(async () => {
    workspace = new Workspace({
      dags: { "requests.ts": moved("requests.ts"), "agent.ts": moved("agent.ts") },
    });
    const triggered: [string, string][] = [];
    for (const dagId of ["letter", "shops", "nightly", "strict", "assigned", "form", "agent"]) {
      const { runId } = await workspace.json<RunReport>("dags", "trigger", dagId);
      triggered.push([dagId, runId]);
    }
    runIds = Object.fromEntries(triggered);
    workspace.start("scheduler");
    for (;;) {
      const asked = await workspace.json<Open[]>("approvals", "ls");
      open = Object.fromEntries(asked.map((request) => [request.dagId, request]));
      // One of them has answered itself by then, or is about to.
      if (asked.filter(({ dagId }) => dagId !== "nightly").length === 6) break;
      await rest(100);
    }
  });
  afterAll(async () => await workspace.remove());

  const answer = (dagId: string, ...args: string[]) =>
    workspace.memodag(["approvals", "answer", dagId, "latest", open[dagId]?.taskId ?? "", ...args]);

  /** The states of a run that has ended. */
  async function ended(dagId: string): Promise<Record<string, string>> {
    for (;;) {
      const report = await workspace.json<RunReport>("runs", "show", dagId, runIds[dagId] ?? "");
      if (report.state === "success" || report.state === "failed")
        return Object.fromEntries(report.tasks.map(({ taskId, state }) => [taskId, state]));
      await rest(50);
    }
  }

  const returned = async (dagId: string, taskId: string): Promise<unknown> =>
    (await workspace.json<Record<string, unknown>>("tasks", "xcom", dagId, "latest", taskId))["return_value"];

  it("show what upstream tasks made, and approve it", async () => {
    expect(await workspace.json("dags", "check")).toMatchObject({ errors: [] });
    expect(open["letter"]?.request).toMatchObject({ subject: 'Send "Spring"?', body: "Pages:\n- 1\n- 2" });
    await answer("letter", "--option", "Approve");
    expect(await ended("letter")).toEqual({ write: "success", read: "success", send: "success" });
  });

  it("take several options", async () => {
    await answer("shops", "--option", "paris", "--option", "nice");
    await ended("shops");
    expect(await returned("shops", "open")).toMatchObject({ opened: ["paris", "nice"] });
  });

  it("go on with the defaults when no one answers", async () => {
    expect(await ended("nightly")).toEqual({ ask: "success", load: "success" });
    expect(await returned("nightly", "ask")).toMatchObject({ timedout: true, responded_by_user: null });
  });

  it("fail on a rejection", async () => {
    await answer("strict", "--option", "Reject");
    expect(await ended("strict")).toEqual({ gate: "failed", after: "upstream_failed" });
  });

  it("take an answer of those alone to whom it is assigned", async () => {
    const { code, stderr } = await answer("assigned", "--option", "Approve");
    expect(code).toBe(2);
    expect(stderr).toContain("it is assigned to treasurer");
  });

  it("check the fields of a form", async () => {
    expect((await answer("form", "--option", "Approve", "--param", "copies=11")).stderr).toContain("<= 10");
    await answer("form", "--option", "Approve", "--param", "copies=7");
    await ended("form");
    expect(await returned("form", "print")).toEqual({ choice: "Approve", copies: 7 });
  });

  it("resume a program with what a person filled in", async () => {
    expect(open["agent"]?.request.subject).toBe("Call refund?");
    await answer("agent", "--option", "Approve", "--param", "amount=90");
    await ended("agent");
    expect(await returned("agent", "resume")).toEqual({ said: 3, amount: 90 });
  });
});
