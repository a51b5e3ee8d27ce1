// Many attempts through one host leave nothing in it or in the API.

import { once } from "node:events";
import { expect, test } from "vitest";
import { ApiRig } from "./api-rig.ts";
import type { HostEvent } from "./host-process.ts";
import { HostRig, type TestHost } from "./host-rig.ts";
import { measureProcess, type ProcessSize } from "./process-size.ts";

const WARM = 200;
const COUNT = 600;
const AT_ONCE = 20;
/** An attempt that stays has its order and its environment, which are several times as large. */
const MOST_BYTES_AN_ATTEMPT = 2_048;

async function sizeOf(host: TestHost): Promise<ProcessSize> {
  host.child.send({ measure: true });
  for (;;) {
    const [event] = (await once(host.child, "message")) as [HostEvent];
    if (event.kind === "size") return event.size;
  }
}

test("memory and descriptors of a host and of the API stay as they are", async () => {
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
  const before = { host: await sizeOf(host), api: await measureProcess() };
  await carryOut(COUNT);
  // Timers hold on to attempts for up to a minute: what they let go of does not stay.
  const most = COUNT * MOST_BYTES_AN_ATTEMPT;
  await expect
    .poll(async () => (await sizeOf(host)).heapBytes - before.host.heapBytes, {
      timeout: 120_000,
      interval: 2_000,
    })
    .toBeLessThan(most);
  await expect
    .poll(async () => (await measureProcess()).heapBytes - before.api.heapBytes, {
      timeout: 120_000,
      interval: 2_000,
    })
    .toBeLessThan(most);
  const [ofHost, ofApi] = [await sizeOf(host), await measureProcess()];
  expect(ofHost.descriptors - before.host.descriptors).toBeLessThan(AT_ONCE);
  expect(ofApi.descriptors - before.api.descriptors).toBeLessThan(AT_ONCE);
}, 600_000);
