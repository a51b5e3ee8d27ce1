// The Job of an attempt: one pod, started once, that runs `memodag worker --attempt ID`.

import { createHash } from "node:crypto";
import type { DispatchNotice } from "@memodag/remote-executor";
import type { V1Container, V1Job, V1PodSpec, V1PodTemplateSpec } from "@kubernetes/client-node";

// Label with the attempt that a Job and its pod are for.
const ATTEMPT_LABEL = "memodag/attempt";

/** The container of a template that runs the worker. */
export const CONTAINER = "worker";

const MANAGED_BY = "app.kubernetes.io/managed-by";
const INSTANCE = "app.kubernetes.io/instance";

const TOKEN_VOLUME = "memodag-worker-token";
const TOKEN_FOLDER = "/var/run/secrets/memodag";

/** Settings that the Jobs of one deployment share. */
export interface JobSettings {
  /** Names begin with it. */
  readonly prefix: string;
  readonly tokenSecret: string;
  readonly keepMs: number;
}

interface WorkerSettings extends Pick<JobSettings, "tokenSecret"> {
  readonly attemptId: string;
  readonly queue: string;
}

/** Selects the Jobs and pods of a deployment. */
export function selectorOf(prefix: string): string {
  return `${MANAGED_BY}=memodag,${INSTANCE}=${prefix}`;
}

/** The same for an attempt each time, and within the limits of a label of DNS. */
export function jobName(prefix: string, attemptId: string): string {
  const isPlain = /^[a-z0-9](?:[-a-z0-9]{0,34}[a-z0-9])?$/.test(attemptId);
  return `${prefix}-${isPlain ? attemptId : digestOf(attemptId).slice(0, 32)}`;
}

/** The Job for an attempt. */
export function attemptJob(
  { attemptId, queue, team, dagId, taskId }: DispatchNotice,
  template: V1PodTemplateSpec,
  { prefix, tokenSecret, keepMs }: JobSettings,
): V1Job {
  const labels = {
    [MANAGED_BY]: "memodag",
    [INSTANCE]: prefix,
    [ATTEMPT_LABEL]: labelValue(attemptId),
    "memodag/queue": labelValue(queue),
    "memodag/team": labelValue(team),
    "memodag/dag": labelValue(dagId),
    "memodag/task": labelValue(taskId),
  };
  // Labels are limited to 63 plain characters; annotations have the names as they are.
  const annotations = {
    "memodag/attempt": attemptId,
    "memodag/queue": queue,
    "memodag/team": team,
    "memodag/dag": dagId,
    "memodag/task": taskId,
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: jobName(prefix, attemptId), labels, annotations },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      ttlSecondsAfterFinished: Math.ceil(keepMs / 1_000),
      template: {
        ...template,
        metadata: {
          ...template.metadata,
          labels: { ...template.metadata?.labels, ...labels },
          annotations: { ...template.metadata?.annotations, ...annotations },
        },
        spec: podSpec(template.spec ?? { containers: [] }, { attemptId, queue, tokenSecret }),
      },
    },
  };
}

function podSpec(spec: V1PodSpec, worker: WorkerSettings): V1PodSpec {
  return {
    // Neither a worker nor a task talks to Kubernetes.
    automountServiceAccountToken: false,
    ...spec,
    restartPolicy: "Never",
    volumes: [...(spec.volumes ?? []), { name: TOKEN_VOLUME, secret: { secretName: worker.tokenSecret } }],
    containers: spec.containers.map((container) =>
      container.name === CONTAINER ? workerContainer(container, worker) : container,
    ),
  };
}

function workerContainer(container: V1Container, { attemptId, queue }: WorkerSettings): V1Container {
  const env = container.env ?? [];
  const own = [
    { name: "MEMODAG__WORKER__QUEUES", value: queue },
    { name: "MEMODAG__WORKER__TOKEN_FILE", value: `${TOKEN_FOLDER}/token` },
  ].filter(({ name }) => !env.some((variable) => variable.name === name));
  return {
    ...container,
    command: container.command ?? ["memodag"],
    args: ["worker", "--attempt", attemptId],
    env: [...env, ...own],
    volumeMounts: [
      ...(container.volumeMounts ?? []),
      { name: TOKEN_VOLUME, mountPath: TOKEN_FOLDER, readOnly: true },
    ],
  };
}

/** A valid value of a label that is different for each text. */
export function labelValue(text: string): string {
  if (/^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text)) return text;
  const plain = text.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 40);
  return `x${plain}-${digestOf(text).slice(0, 12)}`;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
