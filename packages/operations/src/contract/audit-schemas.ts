// Schemas of the operations on the audit trail.

import { ACTOR_KINDS, AUDIT_ACTIONS, LONGEST_ACTOR_NAME, type AuditActor } from "@memodag/core";
import * as z from "zod";
import type { AuditReport, ListAuditInput } from "../audit/list-audit.ts";
import type { AuditEntryName } from "../audit/show-audit.ts";
import type { Page } from "../page.ts";
import { count, jsonObject, name, pageChoice, pageOf, text, time, writtenTime } from "./values.ts";

export const actorSchema: z.ZodType<AuditActor> = z.strictObject({
  kind: z.enum(ACTOR_KINDS),
  name: name.max(LONGEST_ACTOR_NAME),
  host: text,
});
export const listAuditInput: z.ZodType<ListAuditInput> = z.strictObject({
  team: name.optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  since: writtenTime.optional(),
  ...pageChoice,
});
export const entryName: z.ZodType<AuditEntryName> = z.strictObject({ id: count });
export const entry: z.ZodType<AuditReport> = z.strictObject({
  id: count,
  at: time,
  actor: actorSchema,
  action: z.enum(AUDIT_ACTIONS),
  team: name.nullable(),
  filter: jsonObject,
  outcome: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("begun") }),
    z.strictObject({ kind: z.literal("done"), affected: count.nullable() }),
    z.strictObject({ kind: z.literal("failed"), error: text }),
  ]),
});
export const auditPage: z.ZodType<Page<AuditReport>> = pageOf(entry);
