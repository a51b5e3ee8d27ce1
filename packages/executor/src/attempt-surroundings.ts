// Parts and settings that all attempts of an executor share.

import type { Attempt, AttemptQueries, Clock, Live, ValueReader } from "@memodag/core";
import type { ArtifactFiles } from "./artifact-files.ts";
import type { AttemptCgroups } from "./attempt-cgroup.ts";
import type { FaultNotices } from "./fault-notices.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import type { Answer, Question } from "./protocol.ts";
import type { ReusedWorkers } from "./reused-workers.ts";
import type { WarmWorkers } from "./warm-workers.ts";

/** The shared context of all attempts of an executor. */
export interface AttemptSurroundings {
  readonly artifacts: ArtifactFiles;
  readonly guard: OrphanGuard;
  readonly cgroups: AttemptCgroups;
  readonly notices: FaultNotices;
  /** Milliseconds for which an attempt waits for a full disk before it starts. */
  readonly diskPatienceMs: number;
  readonly logsDir: string;
  /** Folder for the files of commands; created when needed. */
  readonly exchangeDir: string;
  readonly ordinaryEnv: readonly string[];
  /** Node options for every worker. */
  readonly nodeOptions: readonly string[];
  /** Maximum size of a returned or pushed value, in bytes of JSON. */
  readonly maxXComBytes: number;
  /** Maximum size of an entry of a job cache, in bytes. */
  readonly maxEntryBytes: Live<number>;
  /** Never rejects. */
  readonly answer: (attempt: Attempt, question: Question) => Promise<Answer>;
  readonly queries: Pick<AttemptQueries, "attemptEnded">;
  readonly values: ValueReader;
  /** The environment that an attempt's is derived from. */
  readonly environmentOf: (attempt: Attempt) => NodeJS.ProcessEnv;
  /** Milliseconds between asking a handler to stop and killing it. */
  readonly killGraceMs: number;
  /** Milliseconds for which a worker may be stopped. */
  readonly heartbeatTimeoutMs: number;
  readonly clock: Clock;
  readonly warm: WarmWorkers;
  readonly reused: ReusedWorkers;
  bundlePath(bundleName: string): string;
}
