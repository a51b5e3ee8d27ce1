// Who may use the REST API: tokens of programs, and sessions of people. Implemented by the metastore.

import type { ActorKind } from "../audit.ts";
import type { Digest } from "../digest.ts";

/** Roles of users of the REST API; each may do what those before it may. */
export const API_ROLES = ["viewer", "operator", "admin"] as const;

/** See {@link API_ROLES}. */
export type ApiRole = (typeof API_ROLES)[number];

/** A role in one team, or in all. */
export interface ApiGrant {
  /** `null`: all teams. */
  readonly team: string | null;
  readonly role: ApiRole;
}

/** A token of a program, without its secret. Times are milliseconds since the Unix epoch, by the database's clock. */
export interface ApiToken extends ApiGrant {
  readonly id: string;
  readonly name: string;
  /** False: it reads no values of users, such as params, results and logs. */
  readonly hasValues: boolean;
  /** Who made it. */
  readonly madeBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  /** To the hour; `null`: it has not been used. */
  readonly usedAt: number | null;
}

/** A token to be stored. */
export interface NewApiToken extends Omit<ApiToken, "createdAt" | "expiresAt" | "revokedAt" | "usedAt"> {
  readonly secretDigest: Digest;
  readonly validForMs: number;
}

/** The tokens of programs. */
export interface ApiTokenStore {
  add(token: NewApiToken): Promise<void>;
  /** Finds a token that has neither expired nor been revoked. */
  find(id: string): Promise<(ApiToken & { readonly secretDigest: Digest }) | undefined>;
  /** Notes that it is used now. */
  noteUse(id: string): Promise<void>;
  /** Oldest first; also those that have expired or been revoked. */
  list(): Promise<ApiToken[]>;
  /** @returns false if there is no such token, or it was revoked before */
  revoke(id: string): Promise<boolean>;
}

/** A person who is signed in. What they may do is decided by the config. */
export interface ApiSession {
  /** The authority for their name. */
  readonly kind: ActorKind;
  /** Identifies them there, and does not change. */
  readonly subject: string;
  readonly name: string;
  /** Their groups when they signed in; none for users of the operating system. */
  readonly groups: readonly string[];
}

/** A session to be stored. */
export interface NewApiSession extends ApiSession {
  /** Of the secret in the cookie. */
  readonly secretDigest: Digest;
  /** Of the code that it was opened with, which opens no second one. */
  readonly codeDigest: Digest;
  readonly validForMs: number;
}

/** The sessions of people. */
export interface ApiSessionStore {
  /** @returns false if the code has opened a session before */
  open(session: NewApiSession): Promise<boolean>;
  /** Finds a session that has not expired. */
  find(secretDigest: Digest): Promise<ApiSession | undefined>;
  close(secretDigest: Digest): Promise<void>;
}
