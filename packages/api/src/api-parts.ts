// The parts that routes share.

import type { DoctorReport } from "@memodag/api-contract";
import type { ApiSessionStore, Clock, JsonObject, Logger } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";
import type { Authenticator } from "./auth/authenticator.ts";
import type { OidcSignIn } from "./auth/oidc.ts";
import type { SignInCodes } from "./auth/sign-in-codes.ts";
import type { RequestLimits } from "./limits/request-limits.ts";
import type { WholeValues } from "./limits/whole-values.ts";
import type { RunWatcher } from "./live/run-watcher.ts";
import type { SharedReads } from "./live/shared-reads.ts";
import type { LongOperations } from "./long-operations.ts";
import type { Principal } from "./principal.ts";
import type { SealedCursors } from "./sealed-cursors.ts";

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path of its route, such as `/api/v1/runs`; never what a client wrote. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** See the file. */
export interface ApiParts {
  /** The stores and settings; the actor of an operation is the sender of its request. */
  readonly context: OperationContext;
  readonly authenticator: Authenticator;
  readonly sessions: ApiSessionStore;
  readonly codes: SignInCodes;
  readonly cursors: SealedCursors;
  readonly long: LongOperations;
  readonly limits: RequestLimits;
  readonly wholeValues: WholeValues;
  readonly watcher: RunWatcher;
  readonly reads: SharedReads;
  /** Undefined: people sign in with links alone. */
  readonly oidc: OidcSignIn | undefined;
  /** The URL of the server, for people. */
  ownUrl(): string;
  /** How long a person stays signed in. */
  readonly sessionMs: number;
  /** Names of the teams of the config. */
  teams(): readonly string[];
  readonly isHttps: boolean;
  /** Of the program. */
  readonly version: string;
  readonly document: JsonObject;
  /** The folder of the web UI's files; undefined: there is none. */
  readonly webFolder: string | undefined;
  /** Looks whether everything is there. */
  examine(): Promise<DoctorReport>;
  /** Returns the error that names the fault of a store; any other one unchanged. */
  nameFault(error: unknown): unknown;
  /** Resolves while the database answers. */
  ready(): Promise<void>;
  /** Hears of each request; of a stream, when it begins. Must not throw. */
  onAnswered?(answered: AnsweredRequest): void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Variables of a request. */
export interface ApiEnv {
  Variables: { requestId: string; principal: Principal };
}
