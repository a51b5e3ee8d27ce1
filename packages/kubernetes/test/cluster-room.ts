// What a test has: an API server, a project folder with a kubeconfig and templates, and nodes that run pods.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@memodag/core";
import type { AttemptFeed, DispatchEngine, EngineOptions, TakeAttempt } from "@memodag/remote-executor";
import type { FeedPlan } from "@memodag/remote-executor/testing";
import { openDispatchEngine } from "../src/index.ts";
import { ApiServer, TOKEN } from "./api-server.ts";

const TEMPLATES = `
queues:
  "*":
    template:
      spec:
        containers:
          - name: worker
            image: registry.example/worker:1
  gpu:
    capacity: 4
    template:
      metadata:
        labels: { app: train }
      spec:
        serviceAccountName: trainer
        volumes: [{ name: data, emptyDir: {} }]
        containers:
          - name: proxy
            image: registry.example/proxy:1
          - name: worker
            image: registry.example/train:2
            command: ["npx", "memodag"]
            env: [{ name: MEMODAG__WORKER__API, value: "https://scheduler:7433" }]
            resources: { limits: { "nvidia.com/gpu": 1 } }
            volumeMounts: [{ name: data, mountPath: /data }]
`;

/** Removed when it is closed. */
export class ClusterRoom {
  readonly server: ApiServer;
  readonly folder: string;
  readonly #engines: DispatchEngine[] = [];

  private constructor(server: ApiServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  static async open(): Promise<ClusterRoom> {
    const folder = await mkdtemp(join(tmpdir(), "memodag-kubernetes-"));
    const server = await ApiServer.start();
    const room = new ClusterRoom(server, folder);
    await room.write("templates.yaml", TEMPLATES);
    await room.write("kubeconfig", kubeconfig(server.url, TOKEN));
    return room;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text);
  }

  async openEngine(fields: Partial<EngineOptions> = {}): Promise<DispatchEngine> {
    const engine = await openDispatchEngine({
      url: "",
      prefix: "memodag",
      options: "templates=templates.yaml kubeconfig=kubeconfig",
      projectDir: this.folder,
      clock: systemClock,
      log: silentLogger,
      ...fields,
    });
    this.#engines.push(engine);
    return engine;
  }

  /** Nodes that run the pods of some queues: what a kubelet does, with `take` as the container. */
  openNodes({ queues, concurrency }: FeedPlan, take: TakeAttempt): AttemptFeed {
    const { server } = this;
    const running = new Set<Promise<void>>();
    let isClosed = false;
    const start = (name: string, attemptId: string): void => {
      server.setPod(name, { phase: "Running" });
      const run = take(attemptId)
        .then(
          () => server.setPod(name, { phase: "Succeeded" }),
          () => server.setPod(name, { phase: "Failed" }),
        )
        .finally(() => {
          running.delete(run);
          look();
        });
      running.add(run);
    };
    const look = (): void => {
      for (const [name, { metadata, spec, status }] of server.pods) {
        if (isClosed || running.size >= concurrency) return;
        const queue = metadata?.annotations?.["memodag/queue"] ?? "";
        if (status?.phase !== "Pending" || !queues.includes(queue)) continue;
        const [verb, option, attemptId = ""] =
          spec?.containers.find((one) => one.name === "worker")?.args ?? [];
        if (verb === "worker" && option === "--attempt") start(name, attemptId);
      }
    };
    const others = server.onChange;
    server.onChange = () => {
      others();
      queueMicrotask(look);
    };
    look();
    return {
      close: async () => {
        isClosed = true;
        await Promise.all(running);
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
    await this.server.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** A kubeconfig for a server. */
export function kubeconfig(server: string, token: string): string {
  return `
apiVersion: v1
kind: Config
current-context: test
clusters: [{ name: test, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: scheduler, user: { token: ${token} } }]
contexts:
  - { name: test, context: { cluster: test, user: scheduler, namespace: memodag } }
  - { name: other, context: { cluster: test, user: scheduler } }
`;
}
