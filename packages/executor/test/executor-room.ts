// A folder, an executor in it, and attempts at tasks that are written in the test.

import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  canonicalBytes,
  MemodagError,
  sha256,
  systemClock,
  type Artifact,
  type Attempt,
  type AttemptOutcome,
  type AttemptInput,
  type AttemptQueries,
  type Clock,
  type Digest,
  type ExecutorEvent,
  type InputRef,
  type Logger,
} from "@memodag/core";
import type { AttemptCgroups } from "../src/attempt-cgroup.ts";
import { LocalExecutor, logFilePath } from "../src/index.ts";

/** What a room can be given in place of its own. */
export interface RoomOptions {
  readonly parallelism?: number | (() => number);
  readonly clock?: Clock;
  readonly killGraceMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly logsDir?: string;
  readonly bundleDir?: string;
  readonly maxXComBytes?: number;
  readonly queries?: AttemptQueries;
  readonly log?: Logger;
  readonly cgroups?: AttemptCgroups;
  readonly diskPatienceMs?: number;
  readonly warmWorkers?: number;
}

/** A submitted attempt. */
export interface Submitted {
  readonly attempt: Attempt;
  readonly started: Promise<{ readonly pid: number }>;
  readonly finished: Promise<AttemptOutcome>;
}

/** A temporary folder with an executor. */
export class ExecutorRoom {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "memodag-executor-")));
  readonly bundleDir: string;
  readonly logsDir: string;
  readonly exchangeDir: string;
  readonly executor: LocalExecutor;
  /** Every event so far. */
  readonly events: ExecutorEvent[] = [];
  readonly #artifacts = new Map<string, Artifact>();
  readonly #values = new Map<Digest, Uint8Array>();
  readonly #waiting = new Map<
    string,
    { started: PromiseWithResolvers<{ pid: number }>; finished: PromiseWithResolvers<AttemptOutcome> }
  >();

  constructor(options: RoomOptions = {}) {
    this.bundleDir = options.bundleDir ?? join(this.root, "dags");
    this.logsDir = options.logsDir ?? join(this.root, "logs");
    this.exchangeDir = join(this.root, "exchange");
    mkdirSync(join(this.root, "dags"));
    const { parallelism = 4 } = options;
    this.executor = new LocalExecutor({
      parallelism: typeof parallelism === "function" ? parallelism : () => parallelism,
      artifactsDir: join(this.root, "artifacts"),
      logsDir: this.logsDir,
      exchangeDir: this.exchangeDir,
      ...(options.log && { log: options.log }),
      ...(options.cgroups && { cgroups: options.cgroups }),
      ...(options.diskPatienceMs !== undefined && { diskPatienceMs: options.diskPatienceMs }),
      ...(options.warmWorkers !== undefined && { warmWorkers: () => options.warmWorkers }),
      ordinaryEnv: ["PATH", "NODE_*"],
      clock: options.clock ?? systemClock,
      killGraceMs: options.killGraceMs ?? 2_000,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 60_000,
      ...(options.maxXComBytes !== undefined && { maxXComBytes: options.maxXComBytes }),
      ...(options.queries && { queries: options.queries }),
      bundlePath: () => this.bundleDir,
      artifacts: { getArtifact: (digest) => this.getArtifact(digest) },
      values: { read: async () => await this.readValues() },
    });
    this.executor.listen({ onEvent: (event) => this.#hear(event), onCapacity: () => undefined });
  }

  /** Where the executor reads values; a test may put something else in its place. */
  readValues = async (): Promise<Map<Digest, Uint8Array>> => this.#values;

  /** Stores a value, and refers to it. */
  value(value: unknown): InputRef {
    const bytes = canonicalBytes(value);
    const digest = sha256(bytes);
    this.#values.set(digest, bytes);
    return { digest, sizeBytes: bytes.length, store: null };
  }

  /** A value as an input of an attempt. */
  input(value: unknown): AttemptInput {
    return { kind: "single", ref: this.value(value) };
  }

  /** Where the executor gets artifacts from; a test may put something else in its place. */
  getArtifact = async (digest: Digest): Promise<Artifact> => {
    const artifact = this.#artifacts.get(digest);
    if (artifact) return artifact;
    throw new MemodagError("artifact_not_found", `no artifact ${digest}`);
  };

  /** Submits an attempt at task `it` of a module, in which `dag` and everything of the SDK is at hand. */
  submit(body: string, overrides: Partial<Attempt> = {}): Submitted {
    const attempt = this.attempt(body, overrides);
    const started = Promise.withResolvers<{ pid: number }>();
    const finished = Promise.withResolvers<AttemptOutcome>();
    this.#waiting.set(attempt.attemptId, { started, finished });
    void this.executor.submit(attempt);
    return { attempt, started: started.promise, finished: finished.promise };
  }

  /** Runs an attempt to its end. */
  run(body: string, overrides: Partial<Attempt> = {}): Promise<AttemptOutcome> {
    return this.submit(body, overrides).finished;
  }

  /** The text of an attempt's log. */
  log(attempt: Attempt): string {
    return readFileSync(logFilePath(this.logsDir, attempt), "utf8");
  }

  /** An attempt at task `it` of a module; its artifact is stored. */
  attempt(body: string, overrides: Partial<Attempt> = {}): Attempt {
    const code = Buffer.from(dagModule(body));
    const artifact = { digest: sha256(code), code };
    this.#artifacts.set(artifact.digest, artifact);
    const attemptId = randomUUID();
    return {
      attemptId,
      queue: "default",
      team: "default",
      dagId: "d",
      runId: `run-${attemptId}`,
      taskId: "it",
      mapIndex: -1,
      tryNumber: 1,
      file: { bundle: "b", path: "d.ts" },
      artifactDigest: artifact.digest,
      args: [],
      results: [],
      context: {
        dag: { dagId: "d" },
        dagRun: { runId: `run-${attemptId}`, runType: "manual", logicalDate: null, conf: { region: "eu" } },
        task: { taskId: "it" },
        taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "a1" },
        params: { species: "Adelie", depth: 3 },
        logicalDate: "2026-11-21T06:00:00.000Z",
        dataInterval: null,
      },
      declaredContext: null,
      declaredEnv: null,
      executionTimeoutMs: null,
      ...overrides,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor.close(0);
    rmSync(this.root, { recursive: true, force: true });
  }

  #hear(event: ExecutorEvent): void {
    this.events.push(event);
    const waiting = this.#waiting.get(event.attemptId);
    if (event.kind === "started") waiting?.started.resolve({ pid: event.pid ?? 0 });
    else waiting?.finished.resolve(event.outcome);
  }
}

/** The returned value of an outcome that must be a success. */
export function returned(outcome: AttemptOutcome): unknown {
  if (outcome.kind === "failed") throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  if (outcome.kind !== "succeeded") throw new Error(`the attempt was ${outcome.kind}`);
  const xcom = outcome.xcoms.find(({ key }) => key === "return_value");
  return JSON.parse(Buffer.from(xcom?.bytes ?? "").toString());
}

/** The error of an outcome that must be a failure. */
export function failed(outcome: AttemptOutcome): { code: string; message: string } {
  if (outcome.kind !== "failed") throw new Error(`the attempt ${outcome.kind}`);
  return outcome.error;
}

/** A module of Dag `d`. `body` makes its tasks. */
export function dagModule(body: string): string {
  return `import { approval, Dag, FailTask, getContext, getClient, SkipTask } from "memodag";
    export const dag = new Dag("d");
    ${body}`;
}
