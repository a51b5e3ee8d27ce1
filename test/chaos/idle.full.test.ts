// What a scheduler costs that has nothing to do. Linux only: the time is read in /proc.

import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";
import { Fleet } from "./fleet.ts";
import { makeProject } from "./project.ts";

const WATCHED_MS = 4_000;

/** A share of one core that is lost in what the system counts in, hundredths of a second. */
const IDLE_SHARE = 0.03;

describe.concurrent.each(TEST_DIALECTS)("an idle scheduler on %s", (dialect) => {
  test("uses next to no processor time", async () => {
    await using metastore = await openTestMetastore(dialect);
    const folder = makeProject(metastore.url);
    const scheduler = new Fleet(folder, 0).start("scheduler");
    try {
      await new Promise<void>((resolve, reject) => {
        scheduler.stderr?.on("data", (chunk: Buffer) => {
          if (chunk.toString().includes("scheduler started")) resolve();
        });
        scheduler.once("exit", () => reject(new Error("the scheduler ended")));
      });
      await sleep(500);
      const before = cpuMs(scheduler.pid);
      await sleep(WATCHED_MS);
      const share = (cpuMs(scheduler.pid) - before) / WATCHED_MS;
      process.stdout.write(`idle on ${dialect}: ${(100 * share).toFixed(2)} % of a core\n`);
      expect(share).toBeLessThan(IDLE_SHARE);
    } finally {
      scheduler.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Processor time of a process so far, in milliseconds, of hundredths of a second. */
function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
