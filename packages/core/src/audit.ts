// The audit trail: who did what.

import type { JsonObject } from "./json/json-value.ts";

/** The actions that are recorded. */
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

/** Name of a recorded action. */
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** The actor of an action, as far as the program that carried it out can tell. */
export interface AuditActor {
  /** The authority for the name: the operating system of `host`. */
  readonly kind: "os_user";
  readonly name: string;
  /** The machine on which the action was started. */
  readonly host: string;
}

/** An action. */
export interface AuditAct {
  readonly actor: AuditActor;
  readonly action: AuditAction;
  /** `null` if the action is not limited to one team. */
  readonly team: string | null;
  /** The target: the filter of a purge, or the Dag and run of a clear. Never contains user values. */
  readonly filter: JsonObject;
}

/**
 * The outcome of an action.
 *
 * - `begun`: not reported yet; the action is in progress or was interrupted.
 * - `failed`: it may have been carried out in part.
 */
export type AuditOutcome =
  | { readonly kind: "begun" }
  | { readonly kind: "done"; readonly affected: number | null }
  | { readonly kind: "failed"; readonly error: string };

/** A recorded action. */
export interface AuditEntry extends AuditAct {
  readonly id: number;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly at: number;
  readonly outcome: AuditOutcome;
}
