// What goes wrong between the engine and an API server.

import type { DispatchEngine, DispatchNotice } from "@memodag/remote-executor";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openCluster } from "../src/cluster.ts";
import { failure, type ApiServer } from "./api-server.ts";
import { ClusterRoom, kubeconfig } from "./cluster-room.ts";

const failed = { code: "engine_failed", fault: "infrastructure" };

let room: ClusterRoom;
let server: ApiServer;

beforeEach(async () => {
  room = await ClusterRoom.open();
  ({ server } = room);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await room.close();
});

let count = 0;
function notice(fields: Partial<DispatchNotice> = {}): DispatchNotice {
  count += 1;
  return {
    attemptId: `attempt-${count}`,
    queue: "default",
    priority: 1,
    team: "ml",
    dagId: "d",
    taskId: "t",
    ...fields,
  };
}

const podOf = ({ attemptId }: DispatchNotice): string => `memodag-${attemptId}-pod`;
const requestsOf = (pattern: RegExp): number => server.requests.filter((line) => pattern.test(line)).length;

describe("the engine", () => {
  test("has the capacity of the templates", async () => {
    const engine = await room.openEngine();
    expect([engine.capacity?.("gpu"), engine.capacity?.("default")]).toEqual([4, 100]);
  });

  test("publishes what it can, and names the queue that has no template", async () => {
    await room.write(
      "gpu.yaml",
      "queues: { gpu: { template: { spec: { containers: [{ name: worker, image: train }] } } } }",
    );
    const engine = await room.openEngine({ options: "templates=gpu.yaml kubeconfig=kubeconfig" });
    const [cpu, gpu] = [notice({ queue: "cpu" }), notice({ queue: "gpu" })];
    await expect(engine.publish([cpu, gpu])).rejects.toThrow(/none for queue "cpu"/);
    expect(engine.capacity?.("cpu")).toBe(0);
    expect([...server.jobs.keys()]).toEqual([`memodag-${gpu.attemptId}`]);
  });

  test("lists Jobs in pages, and from the beginning when the server forgot the first", async () => {
    const engine = await room.openEngine();
    const notices = Array.from({ length: 7 }, () => notice());
    await engine.publish(notices);
    server.page = 3;
    expect((await engine.listKnown(notices)).size).toBe(7);
    expect(requestsOf(/^GET .*\/jobs\?.*continue=/)).toBe(2);
    let isForgotten = false;
    server.fault = () => {
      if (!isForgotten && requestsOf(/continue=/) === 3) {
        isForgotten = true;
        server.forget();
      }
      return undefined;
    };
    expect((await engine.listKnown(notices)).size).toBe(7);
    expect(isForgotten).toBe(true);
  });

  test("knows only the Jobs of its prefix", async () => {
    const attempt = notice();
    await (await room.openEngine({ prefix: "other" })).publish([attempt]);
    expect(await (await room.openEngine()).listKnown([attempt])).toEqual(new Set());
  });

  test("deletes no Job whose pod starts between the look and the deletion", async () => {
    const engine = await room.openEngine();
    const attempt = notice();
    await engine.publish([attempt]);
    server.fault = (method) => {
      if (method === "DELETE") server.setPod(podOf(attempt), { phase: "Running" });
      return undefined;
    };
    await engine.withdraw([attempt]);
    expect(requestsOf(/^DELETE/)).toBe(1);
    expect(await engine.listKnown([attempt])).toEqual(new Set([attempt.attemptId]));
  });

  test("makes the Job again when one that has failed is still there, with its pods gone", async () => {
    const engine = await room.openEngine();
    const attempt = notice();
    await engine.publish([attempt]);
    server.setPod(podOf(attempt), { phase: "Failed" });
    expect(await engine.listKnown([attempt])).toEqual(new Set());
    await engine.publish([attempt]);
    expect(await engine.listKnown([attempt])).toEqual(new Set([attempt.attemptId]));
    expect(server.pods.get(podOf(attempt))?.status?.phase).toBe("Pending");
  });
});

describe("an attempt whose pod ended with 0 and did not start it", () => {
  async function openHeard(): Promise<{ engine: DispatchEngine; told: string[] }> {
    const engine = await room.openEngine();
    const told: string[] = [];
    engine.onTrouble?.((attemptId, reason, only) => void told.push(`${attemptId} ${only} ${reason}`));
    return { engine, told };
  }

  test("ends as lost when it would be published again, and has no further pod", async () => {
    const { engine, told } = await openHeard();
    const attempt = notice();
    await engine.publish([attempt]);
    server.setPod(podOf(attempt), { phase: "Running" });
    server.setPod(podOf(attempt), { phase: "Succeeded" });
    expect(await engine.listKnown([attempt])).toEqual(new Set());
    await engine.publish([attempt]);
    expect(told).toEqual([
      expect.stringMatching(/^attempt-\d+ waiting its pod ended with exit code 0, and did not start it: /),
    ]);
    expect(server.pods.get(podOf(attempt))?.status?.phase).toBe("Succeeded");
    expect(requestsOf(/^DELETE/)).toBe(0);
  });

  test("is another one than one whose pod is slow, or is gone", async () => {
    const { engine, told } = await openHeard();
    const [pending, running, deleted] = [notice(), notice(), notice()];
    await engine.publish([pending, running, deleted]);
    server.setPod(podOf(running), { phase: "Running" });
    server.jobs.delete(`memodag-${deleted.attemptId}`);
    await engine.publish([pending, running, deleted]);
    expect(told).toEqual([]);
    expect(await engine.listKnown([pending, running, deleted])).toHaveProperty("size", 3);
  });
});

describe("an API server", () => {
  test.each([
    [
      failure(403, "Forbidden", 'jobs.batch is forbidden: exceeded quota: "jobs"'),
      /exceeded quota.*quota of the namespace/,
    ],
    [failure(422, "Invalid", "spec.template: Invalid value"), /Invalid value.*pod template/],
    [failure(429, "TooManyRequests", "try again later"), /429: try again later/],
    [failure(500, "InternalError", "etcdserver: request timed out"), /request timed out/],
    [{ status: 502, body: "<html>" }, /502/],
  ])("that answers %o is named with what to do", async (answer, message) => {
    const engine = await room.openEngine();
    server.fault = () => answer;
    const outcome = engine.publish([notice()]);
    await expect(outcome).rejects.toMatchObject(failed);
    await expect(outcome).rejects.toThrow(message);
  });

  test("that refuses the token is named without it", async () => {
    await room.write("kubeconfig", kubeconfig(server.url, "the-wrong-token"));
    const engine = await room.openEngine();
    const outcome = await engine.publish([notice()]).catch((error: unknown) => error as Error);
    expect(outcome).toMatchObject(failed);
    expect(String(outcome)).toMatch(/401.*the credentials are not valid/);
    expect(JSON.stringify(outcome) + String(outcome)).not.toContain("the-wrong-token");
  });

  test("that is away fails calls, and ends no close", async () => {
    await room.write("kubeconfig", kubeconfig("http://127.0.0.1:1", "token"));
    const engine = await room.openEngine();
    engine.onTrouble?.(() => undefined);
    for (const call of [
      engine.publish([notice()]),
      engine.withdraw([notice()]),
      engine.listKnown([notice()]),
    ])
      await expect(call).rejects.toMatchObject(failed);
    await engine.close();
  });

  test("is that of the context, of the kubeconfig, or of the pod", async () => {
    const { folder } = room;
    expect(openCluster({ kubeconfig: "kubeconfig" }, folder)).toMatchObject({ namespace: "memodag" });
    expect(openCluster({ kubeconfig: "kubeconfig", context: "other" }, folder)).toMatchObject({
      namespace: "default",
    });
    expect(() => openCluster({ kubeconfig: "kubeconfig", context: "none" }, folder)).toThrow(
      /has test, other/,
    );
    expect(() => openCluster({ kubeconfig: "none" }, folder)).toThrow(/kubeconfig cannot be read/);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
    const inPod = openCluster({ namespace: "jobs" }, folder);
    expect(inPod).toMatchObject({ namespace: "jobs", place: "10.0.0.1" });
    expect(inPod.config.getCurrentUser()?.authProvider).toMatchObject({ name: "tokenFile" });
  });
});

describe("troubles of pods", () => {
  const pulling = (reason: string) => ({
    phase: "Pending",
    containerStatuses: [
      {
        name: "worker",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason } },
      },
    ],
  });

  test("are told, and their Jobs deleted, whatever becomes of the watch", async () => {
    const engine = await room.openEngine();
    const told: string[] = [];
    engine.onTrouble?.((attemptId) => void told.push(attemptId));
    await expect.poll(() => server.watches).toBe(1);
    const interrupt = [
      () => undefined,
      () => server.endWatches(),
      () => server.expireWatches(),
      () => {
        server.forget();
        server.endWatches();
      },
    ];
    const attempts: DispatchNotice[] = [];
    for (const change of interrupt) {
      change();
      const attempt = notice();
      attempts.push(attempt);
      await engine.publish([attempt]);
      server.setPod(podOf(attempt), pulling("ImagePullBackOff"));
      await expect.poll(() => told, { timeout: 10_000 }).toContain(attempt.attemptId);
    }
    expect(told).toEqual(attempts.map(({ attemptId }) => attemptId));
    await expect.poll(() => server.jobs.size).toBe(0);
  });

  test("that were there before are told, and those of other deployments are not", async () => {
    const [engine, other] = [await room.openEngine(), await room.openEngine({ prefix: "other" })];
    const [mine, theirs] = [notice(), notice()];
    await engine.publish([mine]);
    await other.publish([theirs]);
    server.setPod(podOf(mine), pulling("ErrImagePull"));
    server.setPod(`other-${theirs.attemptId}-pod`, pulling("ErrImagePull"));
    const told: string[] = [];
    engine.onTrouble?.((attemptId, reason) => void told.push(`${attemptId} ${reason}`));
    await expect.poll(() => server.watches, { timeout: 10_000 }).toBe(1);
    expect(told).toEqual([`${mine.attemptId} container worker does not start: ErrImagePull`]);
    await engine.close();
    await expect.poll(() => server.watches).toBe(0);
  });

  test("include a pod that no node takes for too long", async () => {
    const engine = await room.openEngine({
      options: "templates=templates.yaml kubeconfig=kubeconfig unschedulable_timeout=50ms",
    });
    const attempt = notice();
    const told: string[] = [];
    engine.onTrouble?.((attemptId) => void told.push(attemptId));
    await engine.publish([attempt]);
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable" };
    server.setPod(podOf(attempt), { phase: "Pending", conditions: [condition] });
    await expect.poll(() => told, { timeout: 10_000 }).toEqual([attempt.attemptId]);
  });
});
