// Lists who did what, newest first.

import type { AuditAction, AuditEntry } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { readWrittenTime } from "../written-time.ts";

/** Selects audit entries. */
export interface ListAuditInput extends PageInput {
  /** Only acts on this team. */
  readonly team?: string | undefined;
  readonly action?: AuditAction | undefined;
  /** ISO 8601: only entries from this time on. */
  readonly since?: string | undefined;
}

/** An entry of the audit trail. */
export interface AuditReport extends Omit<AuditEntry, "at"> {
  /** ISO 8601, by the database's clock. */
  readonly at: string;
}

/** Default number of entries on a page. */
const DEFAULT_LIMIT = 100;

/**
 * Lists entries.
 * @throws MemodagError `cursor_invalid`; `usage` for a `since` that is not a time.
 */
export async function listAudit(
  { stores }: OperationContext,
  { team, action, since, limit = DEFAULT_LIMIT, after }: ListAuditInput,
): Promise<Page<AuditReport>> {
  const filter = {
    ...(team !== undefined && { team }),
    ...(action !== undefined && { action }),
    ...(since !== undefined && { since: readWrittenTime("since", since) }),
  };
  const list = { name: "audit", placeOf: ({ id }: AuditEntry) => id };
  const page = await readPage(list, { limit, after }, (query) => stores.audit.list({ ...filter, ...query }));
  return { ...page, items: page.items.map((entry) => ({ ...entry, at: isoTime(entry.at) })) };
}
