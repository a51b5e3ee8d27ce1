// Many attempts through one host leave nothing in it or in the API. `npm run bench -- leaks` measures 10,000.

import { once } from "node:events";
import { expect, test } from "vitest";
import { ApiRig } from "./api-rig.ts";
import type { HostEvent } from "./host-process.ts";
import { HostRig, type TestHost } from "./host-rig.ts";
import { measureProcess, type ProcessSize } from "./process-size.ts";

const WARM = 200;
const COUNT = 2_000;
const AT_ONCE = 20;

/** An attempt that stays has its order and its environment, which are several times as large as 1 KiB. */
const MOST: ProcessSize = {
  heapBytes: COUNT * 1_024,
  descriptors: AT_ONCE,
  resources: AT_ONCE,
  children: AT_ONCE,
};

async function sizeOf(host: TestHost): Promise<ProcessSize> {
  host.child.send({ measure: true });
  for (;;) {
    const [event] = (await once(host.child, "message")) as [HostEvent];
    if (event.kind === "size") return event.size;
  }
}

test("memory, files, timers and processes of a host and of the API stay as they are", async () => {
  await using rig = await ApiRig.open("sqlite");
  await using hosts = new HostRig(rig);
  const host = await hosts.start(await rig.token());
  const artifactDigest = rig.artifact(`dag.task("it", () => console.log("a line"))({});`);
  const carryOut = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += AT_ONCE) {
      const ids = await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          const attempt = await rig.attempt("red", { artifactDigest, results: [], reuse: true });
          await host.carryOut(attempt);
          return attempt.attemptId;
        }),
      );
      expect((await rig.metastore.remoteAttempts.outcomes(ids)).size).toBe(AT_ONCE);
      await rig.metastore.remoteAttempts.settle(ids);
    }
  };
  await carryOut(WARM);
  const before = [await sizeOf(host), await measureProcess()];
  await carryOut(COUNT);
  // Timers hold on to attempts for up to a minute. They let go of all of them; a leak does not.
  await expect
    .poll(async () => growthOf(before, [await sizeOf(host), await measureProcess()]), {
      timeout: 180_000,
      interval: 2_000,
    })
    .toEqual([]);
}, 900_000);

/** Names what has grown more than a few attempts that are under way explain. */
function growthOf(before: readonly ProcessSize[], after: readonly ProcessSize[]): string[] {
  return ["host", "API"].flatMap((name, index) => {
    const [from, to] = [before[index]!, after[index]!];
    return (Object.keys(MOST) as (keyof ProcessSize)[])
      .filter((of) => to[of] - from[of] > MOST[of])
      .map((of) => `${of} of the ${name}: ${from[of]}, then ${to[of]}`);
  });
}
