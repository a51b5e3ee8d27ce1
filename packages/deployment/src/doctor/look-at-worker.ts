// Checks that a worker can run a task on this machine, by running one.

import { join } from "node:path";
import type { LoadedConfig } from "@memodag/config";
import {
  DEFAULT_QUEUE,
  DEFAULT_TEAM,
  RETURN_VALUE,
  formatDuration,
  sha256,
  systemClock,
  type Attempt,
  type AttemptOutcome,
} from "@memodag/core";
import { LocalExecutor } from "@memodag/executor";
import { doctorAttempt } from "./doctor-attempt.ts";
import type { Finding } from "./finding.ts";

const CODE = `import { Dag } from "memodag";
export const dag = new Dag("doctor");
dag.task("answer", () => "here")({});
`;

/** Timeout in milliseconds. */
const PATIENCE_MS = 30_000;
/** Milliseconds within which the disk has to answer. */
const DISK_PATIENCE_MS = 2_000;

/** Runs a task in a worker process. */
export async function lookAtWorker({ config }: LoadedConfig, scratchDir: string): Promise<Finding[]> {
  const code = new TextEncoder().encode(CODE);
  const digest = sha256(code);
  const executor = new LocalExecutor({
    parallelism: () => 1,
    artifactsDir: join(scratchDir, "worker-artifacts"),
    logsDir: join(scratchDir, "logs"),
    exchangeDir: join(scratchDir, "exchange"),
    diskPatienceMs: DISK_PATIENCE_MS,
    ordinaryEnv: config.taskCache.ordinaryEnv,
    heartbeatTimeoutMs: config.scheduler.heartbeatTimeout,
    clock: systemClock,
    artifacts: { getArtifact: async () => ({ digest, code }) },
    bundlePath: () => scratchDir,
  });
  const startedAt = performance.now();
  try {
    const outcome = await run(
      executor,
      doctorAttempt({
        attemptId: `doctor-${process.pid}`,
        queue: DEFAULT_QUEUE,
        team: DEFAULT_TEAM,
        artifactDigest: digest,
        executionTimeoutMs: PATIENCE_MS,
      }),
    );
    return [{ check: "worker", ...verdict(outcome, performance.now() - startedAt) }];
  } finally {
    await executor.close(0);
  }
}

async function run(executor: LocalExecutor, attempt: Attempt): Promise<AttemptOutcome> {
  return await new Promise((resolve) => {
    executor.listen({
      onEvent(event) {
        if (event.kind === "finished") resolve(event.outcome);
      },
      onCapacity: () => undefined,
    });
    void executor.submit(attempt);
  });
}

function verdict(outcome: AttemptOutcome, tookMs: number): Omit<Finding, "check"> {
  if (outcome.kind === "failed") {
    return { status: "fail", message: `no worker could run a task: ${outcome.error.message}` };
  }
  const xcoms = outcome.kind === "succeeded" ? outcome.xcoms : [];
  const value = xcoms.find(({ key }) => key === RETURN_VALUE);
  const isRight = value !== undefined && new TextDecoder().decode(value.bytes) === '"here"';
  return isRight
    ? { status: "ok", message: `one started, ran a task and ended in ${formatDuration(tookMs)}` }
    : { status: "fail", message: "a worker returned another value than its task: report this" };
}
