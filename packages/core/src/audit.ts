// Who did what: the nouns of the audit trail.

import type { JsonObject } from "./json/json-value.ts";

/** What is written down when somebody does it. */
export const AUDIT_ACTIONS = [
  "cache.disable",
  "cache.enable",
  "cache.gc",
  "cache.purge",
  "cache.verify",
  "config.change",
  "dags.backfill",
  "dags.pause",
  "dags.run",
  "dags.trigger",
  "dags.unpause",
  "runs.cancel",
  "tasks.clear",
  "tasks.set-state",
] as const;

/** Name of an act that is written down. */
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who did something, as far as the program that did it for them can tell. */
export interface AuditActor {
  /** What vouches for the name: the operating system of `host`. */
  readonly kind: "os_user";
  readonly name: string;
  /** The machine that it was done on. */
  readonly host: string;
}

/** Something that somebody does. */
export interface AuditAct {
  readonly actor: AuditActor;
  readonly action: AuditAction;
  /** `null`: not of one team alone. */
  readonly team: string | null;
  /** What it is done to: the filter of a purge, the Dag and run of a clear. Never values of users. */
  readonly filter: JsonObject;
}

/**
 * How an act ended.
 *
 * - `begun`: nobody has said; it goes on, or was cut off.
 * - `failed`: part of it may have been done.
 */
export type AuditOutcome =
  | { readonly kind: "begun" }
  | { readonly kind: "done"; readonly affected: number | null }
  | { readonly kind: "failed"; readonly error: string };

/** An act, as written down. */
export interface AuditEntry extends AuditAct {
  readonly id: number;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly at: number;
  readonly outcome: AuditOutcome;
}
