// The Job of an attempt, as the API server gets it.

import { describe, expect, test } from "vitest";
import { attemptJob, jobName, labelValue } from "../src/attempt-job.ts";

const NOTICE = {
  attemptId: "0b3e8a52-5ad1-4c8e-9c1e-2f6d1f0a7b11",
  queue: "gpu",
  priority: 7,
  team: "ml",
  dagId: "train: größe",
  taskId: "fit",
};
const SETTINGS = { prefix: "memodag", tokenSecret: "worker-token", keepMs: 90_500 };
const LABEL = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

describe("the Job of an attempt", () => {
  test("runs the worker of this attempt once", () => {
    const template = { spec: { containers: [{ name: "worker", image: "train:2" }] } };
    const { metadata, spec } = attemptJob(NOTICE, template, SETTINGS);
    expect(metadata?.name).toBe(`memodag-${NOTICE.attemptId}`);
    expect(spec).toMatchObject({ backoffLimit: 0, completions: 1, ttlSecondsAfterFinished: 91 });
    expect(spec?.template.spec).toEqual({
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      volumes: [{ name: "memodag-worker-token", secret: { secretName: "worker-token" } }],
      containers: [
        {
          name: "worker",
          image: "train:2",
          command: ["memodag"],
          args: ["worker", "--attempt", NOTICE.attemptId],
          env: [
            { name: "MEMODAG__WORKER__QUEUES", value: "gpu" },
            { name: "MEMODAG__WORKER__TOKEN_FILE", value: "/var/run/secrets/memodag/token" },
          ],
          volumeMounts: [
            { name: "memodag-worker-token", mountPath: "/var/run/secrets/memodag", readOnly: true },
          ],
        },
      ],
    });
  });

  test("keeps what the template says", () => {
    const proxy = { name: "proxy", image: "proxy:1", args: ["--quiet"] };
    const env = [{ name: "MEMODAG__WORKER__TOKEN_FILE", value: "/secrets/mine" }];
    const mount = { name: "data", mountPath: "/data" };
    const worker = {
      name: "worker",
      image: "train:2",
      command: ["npx", "memodag"],
      env,
      volumeMounts: [mount],
    };
    const template = {
      metadata: { labels: { app: "train" }, annotations: { note: "kept" } },
      spec: {
        automountServiceAccountToken: true,
        nodeSelector: { gpu: "a100" },
        volumes: [{ name: "data", emptyDir: {} }],
        containers: [proxy, worker],
      },
    };
    const before = structuredClone(template);
    const job = attemptJob(NOTICE, template, SETTINGS);
    const { metadata, spec } = job.spec?.template ?? {};
    expect(metadata?.labels).toMatchObject({ app: "train", "memodag/attempt": NOTICE.attemptId });
    expect(metadata?.annotations).toMatchObject({ note: "kept", "memodag/dag": "train: größe" });
    expect(spec).toMatchObject({ automountServiceAccountToken: true, nodeSelector: { gpu: "a100" } });
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(["data", "memodag-worker-token"]);
    expect(spec?.containers[0]).toEqual(proxy);
    expect(spec?.containers[1]).toMatchObject({ command: ["npx", "memodag"] });
    expect(spec?.containers[1]?.env).toEqual([...env, { name: "MEMODAG__WORKER__QUEUES", value: "gpu" }]);
    expect(spec?.containers[1]?.volumeMounts?.[0]).toEqual(mount);
    expect(template).toEqual(before);
  });

  test("has a valid name and valid labels, different for each", () => {
    const texts = [
      "a",
      "a:b",
      "a-b",
      "größe 😀",
      "Größe 😀",
      "",
      "-",
      "x".repeat(63),
      "x".repeat(64),
      "y".repeat(300),
    ];
    const values = texts.map(labelValue);
    for (const value of values) expect(value).toMatch(LABEL);
    expect(new Set(values).size).toBe(texts.length);
    const names = ["an id", "AN-ID", "x".repeat(80), "-a"].map((id) => jobName("p".repeat(26), id));
    for (const name of names) expect(name).toMatch(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])$/);
    expect(new Set(names).size).toBe(4);
  });
});
