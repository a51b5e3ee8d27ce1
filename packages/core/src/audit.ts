// The audit trail: who did what.

import { MemodagError } from "./errors.ts";
import type { JsonObject } from "./json/json-value.ts";

/** The actions that are recorded. */
export const AUDIT_ACTIONS = [
  "approvals.answer",
  "cache.disable",
  "cache.enable",
  "cache.gc",
  "cache.purge",
  "cache.release",
  "cache.verify",
  "caches.clear",
  "config.change",
  "dags.backfill",
  "dags.pause",
  "dags.run",
  "dags.trigger",
  "dags.unpause",
  "db.clean",
  "db.copy",
  "entries.rm",
  "runs.cancel",
  "runs.delete",
  "tasks.clear",
  "tasks.set-state",
  "tokens.make",
  "tokens.revoke",
  "workers.drain",
  "workers.revoke",
  "workers.token",
] as const;

/** Name of a recorded action. */
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/**
 * The authority for the name of an actor.
 *
 * - `os_user`: the operating system of the host, for the user of a process there.
 * - `principal`: what a server on the host has authenticated them by, such as an identity provider.
 */
export const ACTOR_KINDS = ["os_user", "principal"] as const;

/** See {@link ACTOR_KINDS}. */
export type ActorKind = (typeof ACTOR_KINDS)[number];

/** The actor of an action, as far as the program that carried it out can tell. */
export interface AuditActor {
  readonly kind: ActorKind;
  /** From 1 to {@link LONGEST_ACTOR_NAME} characters. */
  readonly name: string;
  /** The machine on which the action was started. */
  readonly host: string;
}

/** Characters that an actor's name may have. */
export const LONGEST_ACTOR_NAME = 250;

/**
 * Refuses an actor that the audit trail could not be read with later.
 * @throws MemodagError `actor_invalid`
 */
export function requireActor({ kind, name }: AuditActor): void {
  const isKnown = ACTOR_KINDS.some((known) => known === kind);
  if (isKnown && name !== "" && name.length <= LONGEST_ACTOR_NAME) return;
  throw new MemodagError(
    "actor_invalid",
    `${JSON.stringify({ kind, name })} is not an actor: its kind is one of ${ACTOR_KINDS.join(", ")}, and its name ` +
      `has 1 to ${LONGEST_ACTOR_NAME} characters`,
  );
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
