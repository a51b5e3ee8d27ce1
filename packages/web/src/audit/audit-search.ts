// Filters of the audit trail in the address, and the question that they are.

import type { AuditAction } from "@memodag/core";
import type { InputOf } from "../data/api.ts";

/** Filters and page. */
export interface AuditSearch {
  /** An action, such as `cache.purge`. */
  readonly action?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly after?: string | undefined;
}

const NAMES = ["action", "since", "after"] as const;

/** Reads the address. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  return Object.fromEntries(
    NAMES.flatMap((name) =>
      typeof search[name] === "string" && search[name] !== "" ? [[name, search[name]]] : [],
    ),
  );
}

/** The question for a page. */
export function auditInput({
  team,
  action,
  since,
  after,
}: AuditSearch & { readonly team?: string | undefined }): InputOf<"audit.list"> {
  return { team, since, after, ...(action !== undefined && { action: action as AuditAction }) };
}
