import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, type LoggedRun } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { ArtifactCopies } from "@memodag/executor";
import { FileLogStore } from "@memodag/executor/logs";
import { endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { LocalFiles, type RetentionLimits } from "@memodag/operations/retention";
import { NO_LIMITS } from "@memodag/operations/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;

describe("the files of a machine", () => {
  let metastore: TestMetastore;
  let folder: string;
  let logs: FileLogStore;
  const clock = new ManualClock(NOW);
  beforeEach(async () => {
    metastore = await openTestMetastore("sqlite");
    folder = mkdtempSync(join(tmpdir(), "memodag-files-"));
    logs = new FileLogStore(join(folder, "logs"));
  });
  afterEach(async () => {
    await metastore.close();
    rmSync(folder, { recursive: true });
  });

  const filesOf = (limits: Partial<RetentionLimits>): LocalFiles =>
    new LocalFiles({
      stores: metastore,
      logs,
      clock,
      openArtifactCopies: async () => new ArtifactCopies(join(folder, "artifacts")),
      settings: { retention: () => ({ ...NO_LIMITS, ...limits }) },
    });

  /** Ten bytes that a run has logged so many hours ago. */
  async function log({ team, dagId, runId }: LoggedRun, hoursAgo: number): Promise<void> {
    const attempt = { team, dagId, runId, taskId: "t", mapIndex: -1, tryNumber: 1 };
    await logs.append(attempt, Buffer.from("0123456789"));
    const time = (NOW - hoursAgo * HOUR) / 1_000;
    utimesSync(logs.placeOf(attempt), time, time);
  }
  const hasLogs = async (run: LoggedRun): Promise<boolean> => (await logs.measure(run)).count > 0;

  test("has no logs of runs that were removed by another process, and keeps those of a run that has the name again", async () => {
    const [gone, again, kept] = await endRuns(metastore, "a", { runs: 3 });
    if (!gone || !again || !kept) throw new Error("no runs were made");
    for (const run of [gone, again, kept]) await log(run, 1);
    const files = filesOf({});
    await metastore.runRetention.removeRuns("red", [gone.id, again.id]);
    await endRuns(metastore, "a", { runs: 1, prefix: "run2" });
    await metastore.execute("update dag_run set run_id = 'run2' where run_id = 'run21'");
    expect(await files.clean()).toMatchObject({ logs: 1, bytes: 10 });
    expect([await hasLogs(gone), await hasLogs(again), await hasLogs(kept)]).toEqual([false, true, true]);
    await log(gone, 1);
    // A later removal is seen; those before are not looked at for all time.
    expect(await files.clean()).toMatchObject({ logs: 1 });
    await metastore.runRetention.removeRuns("red", [kept.id]);
    await files.clean();
    expect(await hasLogs(kept)).toBe(false);
    await log(gone, 1);
    expect(await files.clean()).toMatchObject({ logs: 0 });
  });

  test("has no logs that are older than the limit of their Dag, but those of runs in progress", async () => {
    const runs = await endRuns(metastore, "a", { runs: 2 });
    const [inProgress] = await endRuns(metastore, "a", { prefix: "now" });
    const [other] = await endRuns(metastore, "b");
    const unknown = { team: "red", dagId: "gone", runId: "r" };
    if (!inProgress || !other || !runs[0] || !runs[1]) throw new Error("no runs were made");
    await metastore.execute(
      `update dag_run set state = 'running', ended_at = null where id = ${inProgress.id}`,
    );
    for (const run of [runs[0], inProgress, other, unknown]) await log(run, 5);
    await log(runs[1], 3);
    const files = filesOf({ logsMs: 4 * HOUR, dags: [{ dagId: "b", team: "red", logsMs: 6 * HOUR }] });
    expect(await files.plan()).toMatchObject({ logs: 2, bytes: 20 });
    expect(await files.clean()).toMatchObject({ logs: 2, bytes: 20 });
    const kept = [runs[1], inProgress, other];
    expect(await Promise.all([runs[0], unknown, ...kept].map(hasLogs))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  test("has no more logs than the limit of size, the latest", async () => {
    const runs = await endRuns(metastore, "a", { runs: 5 });
    for (const [index, run] of runs.entries()) await log(run, 5 - index);
    const files = filesOf({ maxLogBytes: 25 });
    expect(await files.clean()).toMatchObject({ logs: 3, bytes: 30 });
    expect(await Promise.all(runs.map(hasLogs))).toEqual([false, false, false, true, true]);
  });

  test("has no copies of artifacts that the database does not have, nor more than the limit of size", async () => {
    await endRuns(metastore, "a");
    const dir = join(folder, "artifacts");
    mkdirSync(dir);
    const copy = (digest: string, hoursAgo: number): string => {
      const path = join(dir, `${digest}.mjs`);
      writeFileSync(path, "0123456789");
      const time = (NOW - hoursAgo * HOUR) / 1_000;
      utimesSync(path, time, time);
      return path;
    };
    const known = copy(sha256("code"), 10);
    const unknown = copy(sha256("older code"), 9);
    const beingMade = copy(sha256("newer code"), 0.5);
    const other = join(dir, "package.json");
    writeFileSync(other, "{}");
    expect(await filesOf({}).plan()).toMatchObject({ artifacts: 1, bytes: 10 });
    expect(await filesOf({}).clean()).toMatchObject({ artifacts: 1, bytes: 10 });
    expect([known, unknown, beingMade, other].map((path) => existsSync(path))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(await filesOf({ maxArtifactBytes: 15 }).clean()).toMatchObject({ artifacts: 1 });
    expect([known, beingMade].map((path) => existsSync(path))).toEqual([false, true]);
  });
});
