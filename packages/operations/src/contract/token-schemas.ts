// Schemas of operations on tokens of the REST API.

import { API_ROLES } from "@memodag/core";
import * as z from "zod";
import {
  LONGEST_TOKEN_MS,
  LONGEST_TOKEN_NAME,
  type ApiTokenName,
  type ApiTokenReport,
  type MadeApiToken,
  type MakeApiTokenInput,
} from "../tokens/api-tokens.ts";
import { name, text, time } from "./values.ts";

const role = z.enum(API_ROLES);
const token = { id: name, name, team: name.nullable(), role, hasValues: z.boolean() };

export const makeInput: z.ZodType<MakeApiTokenInput> = z.strictObject({
  name: name.max(LONGEST_TOKEN_NAME),
  role,
  team: name.optional(),
  hasValues: z.boolean().optional(),
  validForMs: z.int().min(1).max(LONGEST_TOKEN_MS).optional(),
});
export const tokenName: z.ZodType<ApiTokenName> = z.strictObject({ id: name });
export const made: z.ZodType<MadeApiToken> = z.strictObject({ ...token, token: text });
export const list: z.ZodType<ApiTokenReport[]> = z.array(
  z.strictObject({
    ...token,
    madeBy: text,
    createdAt: time,
    expiresAt: time,
    revokedAt: time.nullable(),
    usedAt: time.nullable(),
  }),
);
