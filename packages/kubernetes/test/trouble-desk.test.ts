// Which pods cannot begin, and when that is said.

import { ManualClock } from "@memodag/core/testing";
import type { V1Pod, V1PodStatus } from "@kubernetes/client-node";
import { beforeEach, describe, expect, test } from "vitest";
import { TroubleDesk } from "../src/trouble-desk.ts";

const PATIENCE_MS = 60_000;

let clock: ManualClock;
let told: string[];
let desk: TroubleDesk;

beforeEach(() => {
  clock = new ManualClock();
  told = [];
  desk = new TroubleDesk(
    clock,
    PATIENCE_MS,
    (attemptId, reason) => void told.push(`${attemptId}: ${reason}`),
  );
});

function pod(status: V1PodStatus, annotations: Record<string, string> = { "memodag/attempt": "one" }): V1Pod {
  return { metadata: { name: "memodag-one-x7k2p", annotations }, status };
}

function waiting(reason: string, message = "it says why"): V1PodStatus {
  const state = { waiting: { reason, message } };
  return {
    phase: "Pending",
    containerStatuses: [{ name: "worker", image: "", imageID: "", ready: false, restartCount: 0, state }],
  };
}

const unschedulable: V1PodStatus = {
  phase: "Pending",
  conditions: [
    {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/3 nodes: no nvidia.com/gpu",
    },
  ],
};

describe("a pod that cannot begin", () => {
  test.each(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"])(
    "for %s is told of at once, and once",
    (reason) => {
      desk.onPod(pod(waiting("ContainerCreating")));
      expect(told).toEqual([]);
      desk.onPod(pod(waiting(reason)));
      desk.onPod(pod(waiting("ImagePullBackOff")));
      expect(told).toEqual([`one: container worker does not start: ${reason}: it says why`]);
    },
  );

  test("for want of a node is told of when it stays so", async () => {
    desk.onPod(pod(unschedulable));
    await clock.advance(PATIENCE_MS - 1);
    desk.onPod(pod(unschedulable));
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(["one: no node takes the pod: Unschedulable: 0/3 nodes: no nvidia.com/gpu"]);
  });

  test.each([
    ["gets a node", () => desk.onPod(pod({ phase: "Running" }))],
    ["is deleted", () => desk.onGone("memodag-one-x7k2p")],
    ["is no longer watched", () => desk.close()],
  ])("and %s in time is not told of", async (_what, change) => {
    desk.onPod(pod(unschedulable));
    change();
    await clock.advance(2 * PATIENCE_MS);
    expect(told).toEqual([]);
  });

  test("and has failed is told of with its exit code", () => {
    const state = { terminated: { exitCode: 127, reason: "StartError" } };
    const worker = { name: "worker", image: "", imageID: "", ready: false, restartCount: 0, state };
    desk.onPod(pod({ phase: "Failed", containerStatuses: [worker] }));
    expect(told).toEqual(["one: the pod failed: container worker: StartError, exit code 127"]);
  });

  test("and was evicted is told of with the reason", () => {
    desk.onPod(pod({ phase: "Failed", reason: "Evicted", message: "The node was low on memory" }));
    expect(told).toEqual(["one: the pod failed: Evicted: The node was low on memory"]);
  });

  test("and is of no attempt, or runs, is not told of", () => {
    desk.onPod(pod(waiting("ErrImagePull"), {}));
    desk.onPod(pod({ phase: "Running" }));
    desk.onPod(pod({ phase: "Succeeded" }));
    expect(told).toEqual([]);
  });
});
