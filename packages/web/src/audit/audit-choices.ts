// The actions that the audit trail has, for its filter: a new one that is missing here does not compile.

import type { AuditAction } from "@memodag/core";

const ACTIONS: Readonly<Record<AuditAction, true>> = {
  "approvals.answer": true,
  "cache.disable": true,
  "cache.enable": true,
  "cache.gc": true,
  "cache.purge": true,
  "cache.release": true,
  "cache.verify": true,
  "caches.clear": true,
  "config.change": true,
  "dags.backfill": true,
  "dags.pause": true,
  "dags.run": true,
  "dags.trigger": true,
  "dags.unpause": true,
  "db.clean": true,
  "db.copy": true,
  "entries.rm": true,
  "runs.cancel": true,
  "runs.delete": true,
  "tasks.clear": true,
  "tasks.set-state": true,
  "tokens.make": true,
  "tokens.revoke": true,
  "workers.drain": true,
  "workers.revoke": true,
  "workers.token": true,
};

/** All of them. */
export const AUDIT_CHOICES: readonly string[] = Object.keys(ACTIONS);
