// A worker API over a real database with runs of two teams, and attempts in them for workers.

import { randomUUID } from "node:crypto";
import {
  canonicalBytes,
  makeSecretToken,
  MemodagError,
  sha256,
  silentLogger,
  systemClock,
  type Artifact,
  type Attempt,
  type AttemptOrder,
  type Digest,
  type InputRef,
  type Logger,
  type WorkerScope,
} from "@memodag/core";
import { LocalSurroundings } from "@memodag/executor";
import type { DialectName } from "@memodag/metastore";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts } from "@memodag/scheduler";
import { openWorkerApi, type WorkerApi, type WorkerApiOptions } from "@memodag/worker-api";
import { PROTOCOL_HEADER, toHeader, WORKER_HEADER, type HostSettings } from "@memodag/worker-api/protocol";
import { Dag } from "memodag";
import { SchedulerRig } from "../integration/scheduler-rig.ts";

/** A token of a rig. */
export interface RigToken {
  readonly id: string;
  readonly token: string;
}

/** A team of a rig: a run with an XCom, and an attempt to take others after. */
interface TeamRoom {
  readonly runId: number;
  readonly attempt: Attempt;
}

/** Settings of the deployment of a rig. */
const SETTINGS: HostSettings = {
  ordinaryEnv: ["PATH", "NODE_*"],
  runtime: "exact",
  heartbeatTimeoutMs: 60_000,
  maxXComBytes: 4_000_000,
  maxEntryBytes: 1_000_000,
  maxLogBytes: 1_000_000,
};

const inert: (args: Record<string, unknown>) => unknown = () => null;

/** The API, its database, and what tests put into them. */
export class ApiRig implements AsyncDisposable {
  readonly metastore: TestMetastore;
  readonly options: WorkerApiOptions;
  api: WorkerApi;
  /** Opens values in place of reading them; tests set it. */
  opener: WorkerApiOptions["values"]["open"];
  /** How often each digest was read for a host. */
  readonly reads = new Map<Digest, number>();
  readonly #artifacts: Map<Digest, Artifact>;
  readonly #teams = new Map<string, TeamRoom>();
  #count = 0;

  private constructor(metastore: TestMetastore, settings: HostSettings, log: Logger) {
    this.metastore = metastore;
    const artifacts = new Map<Digest, Artifact>();
    const values = new Values({ metadata: metastore.results, clock: systemClock });
    const variables = [
      { name: "region", value: "of-red", team: "red" },
      { name: "region", value: "secret-of-blue", team: "blue" },
    ];
    this.options = {
      listen: "127.0.0.1:0",
      attempts: metastore.remoteAttempts,
      hosts: metastore.workerHosts,
      tokens: metastore.workerTokens,
      logs: metastore.attemptLogs,
      changes: metastore.changes,
      queries: answerAttempts({ runs: metastore.runs, humans: metastore.humans, values, variables, env: {} }),
      artifacts: {
        async getArtifact(digest) {
          const artifact = artifacts.get(digest);
          if (artifact) return artifact;
          throw new MemodagError("artifact_not_found", `There is no artifact ${digest}`);
        },
      },
      values: {
        open: async (...args) => await this.opener?.(...args),
        read: async (team, refs) => {
          const wanted = [...refs];
          for (const { digest } of wanted) this.reads.set(digest, (this.reads.get(digest) ?? 0) + 1);
          return await values.read(team, wanted);
        },
      },
      keys: {
        dags: metastore.dags,
        surroundings: new LocalSurroundings({
          level: settings.runtime,
          env: process.env,
          ordinaryEnv: settings.ordinaryEnv,
          clock: systemClock,
          packageMemoryPath: "",
          bundlePath: () => import.meta.dirname,
        }),
      },
      settings: () => settings,
      clock: systemClock,
      log,
    };
    this.#artifacts = artifacts;
    this.api = undefined as unknown as WorkerApi;
  }

  static async open(
    dialect: DialectName = "sqlite",
    settings: Partial<HostSettings> = {},
    log: Logger = silentLogger,
  ): Promise<ApiRig> {
    const rig = new ApiRig(await openTestMetastore(dialect), { ...SETTINGS, ...settings }, log);
    for (const team of ["red", "blue"]) await rig.#makeRoom(team);
    rig.api = await openWorkerApi(rig.options);
    return rig;
  }

  /** Opens the API again, where it was. */
  async reopen(): Promise<void> {
    this.api = await openWorkerApi({ ...this.options, listen: new URL(this.api.url).host });
  }

  /** Makes a token; of everything unless said otherwise. */
  async token(scope: Partial<WorkerScope> = {}, validForMs: number | null = null): Promise<RigToken> {
    const { id, token, secretDigest } = makeSecretToken("mdw");
    const named = { id, name: `token-${id}`, secretDigest, queues: null, teams: null, validForMs };
    await this.metastore.workerTokens.add({ ...named, ...scope });
    return { id, token };
  }

  /** Registers a host. */
  async host({ id: tokenId }: RigToken): Promise<string> {
    return await this.metastore.workerHosts.register({
      name: "host",
      host: "machine",
      pid: 1,
      queues: ["default"],
      concurrency: 2,
      version: "0.1.0",
      node: "24.0.0",
      tokenId,
    });
  }

  /** Puts the code of a Dag module into the store. `body` makes its tasks. */
  artifact(body: string): Digest {
    const code = Buffer.from(
      `import { Dag, getClient, getContext } from "memodag"; export const dag = new Dag("asked"); ${body}`,
    );
    const digest = sha256(code);
    this.#artifacts.set(digest, { digest, code });
    return digest;
  }

  /** Stores a value, and refers to it. */
  async value(team: string, value: unknown): Promise<InputRef> {
    const bytes = canonicalBytes(value);
    const ref = { digest: sha256(bytes), sizeBytes: bytes.length, store: null };
    await this.metastore.results.write(team, [{ digest: ref.digest, bytes }]);
    return ref;
  }

  /** Adds an attempt at task `it` of a module that its instance names, and that waits for a worker. */
  async attempt(
    team: string,
    changes: Partial<Attempt> = {},
    env: AttemptOrder["env"] = {},
  ): Promise<Attempt> {
    const room = this.#teams.get(team);
    if (!room) throw new Error(`no team ${team}`);
    const attemptId = randomUUID();
    const mapIndex = (this.#count += 1);
    await this.metastore.execute(
      `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, attempt_id, loss_count)
       values (${room.runId}, 'it', ${mapIndex}, 'queued', 1, 1, '${attemptId}', 0)`,
    );
    const attempt = { ...room.attempt, attemptId, taskId: "it", mapIndex, queue: "default", ...changes };
    await this.metastore.remoteAttempts.add([{ order: { attempt, env }, priority: 1 }]);
    return attempt;
  }

  /** The same, started by a worker. */
  async started(team: string, workerId: string, changes: Partial<Attempt> = {}): Promise<Attempt> {
    const attempt = await this.attempt(team, changes);
    await this.metastore.remoteAttempts.start(attempt.attemptId, workerId, { queues: null, teams: null });
    return attempt;
  }

  async stateOf({ attemptId }: Attempt): Promise<string | undefined> {
    return (await this.metastore.remoteAttempts.statuses([attemptId]))[0]?.state;
  }

  /** Sends a request as a host does. */
  async ask(method: string, path: string, request: RigRequest = {}): Promise<Response> {
    const { token, workerId, body, version = toHeader() } = request;
    return await fetch(`${this.api.url}${path}`, {
      method,
      ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
      headers: {
        ...(version !== null && { [PROTOCOL_HEADER]: version }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(workerId !== undefined && { [WORKER_HEADER]: workerId }),
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    await this.metastore.close();
  }

  async #makeRoom(team: string): Promise<void> {
    const rig = new SchedulerRig(this.metastore);
    const dag = new Dag("asked");
    const load = dag.task("load", inert)({});
    dag.task("ask", inert)({ load });
    const version = await rig.define(dag, `code of ${team}`, team);
    const { run, executor } = await rig.run(version, { load: () => `secret-of-${team}` });
    const attempt = executor.attempts.find(({ taskId }) => taskId === "ask");
    if (!attempt) throw new Error("the run made no attempt");
    const code = Buffer.from(`// code of ${team}`);
    this.#artifacts.set(attempt.artifactDigest, { digest: attempt.artifactDigest, code });
    this.#teams.set(team, { runId: run.id, attempt });
  }
}

/** A request of a rig. */
export interface RigRequest {
  readonly token?: string | undefined;
  readonly workerId?: string | undefined;
  readonly body?: Uint8Array;
  /** `null`: the header is left out. */
  readonly version?: string | null;
}
