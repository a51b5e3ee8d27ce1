// Makes, lists and revokes the tokens with which programs use the REST API.

import { makeSecretToken, MemodagError, type ApiRole, type ApiToken } from "@memodag/core";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

const DAY_MS = 86_400_000;

/** The longest time for which a token is valid, in milliseconds. */
export const LONGEST_TOKEN_MS: number = 366 * DAY_MS;

/** Characters that the name of a token may have. */
export const LONGEST_TOKEN_NAME = 100;

/** The time for which a token is valid by default, in milliseconds. */
const TOKEN_MS: number = 90 * DAY_MS;

/** A token to be made. */
export interface MakeApiTokenInput {
  /** From 1 to {@link LONGEST_TOKEN_NAME} characters. */
  readonly name: string;
  readonly role: ApiRole;
  /** Absent: all. */
  readonly team?: string | undefined;
  /** False: it reads no values of users: params, results, parts of keys, logs. Default: true. */
  readonly hasValues?: boolean | undefined;
  /** Milliseconds, at most {@link LONGEST_TOKEN_MS}. Default: 90 days. */
  readonly validForMs?: number | undefined;
}

/** A token, without its secret. Times are ISO 8601. */
export interface ApiTokenReport {
  readonly id: string;
  readonly name: string;
  /** `null`: all. */
  readonly team: string | null;
  readonly role: ApiRole;
  readonly hasValues: boolean;
  readonly madeBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  /** To the hour. */
  readonly usedAt: string | null;
}

/** A token with its secret, which cannot be shown again. */
export interface MadeApiToken extends Pick<ApiTokenReport, "id" | "name" | "team" | "role" | "hasValues"> {
  readonly token: string;
}

/** Selects a token. */
export interface ApiTokenName {
  readonly id: string;
}

/**
 * Makes a token.
 * @throws MemodagError `usage` for a name or a time that is too long
 */
export async function makeApiToken(
  { stores, actor }: OperationContext,
  { name, role, team, hasValues = true, validForMs = TOKEN_MS }: MakeApiTokenInput,
): Promise<MadeApiToken> {
  if (name === "" || name.length > LONGEST_TOKEN_NAME)
    throw new MemodagError("usage", `The name of a token has 1 to ${LONGEST_TOKEN_NAME} characters`);
  if (validForMs < 1 || validForMs > LONGEST_TOKEN_MS)
    throw new MemodagError("usage", `A token is valid for at most ${LONGEST_TOKEN_MS / DAY_MS} days`);
  const { id, token, secretDigest } = makeSecretToken("mdg");
  const report = { id, name, team: team ?? null, role, hasValues };
  const madeBy = `${actor.name}@${actor.host}`;
  const add = async (): Promise<void> =>
    await stores.apiTokens.add({ ...report, secretDigest, madeBy, validForMs });
  await audited(stores.audit, newAct(actor, "tokens.make", report.team, { id, name, role }), add, () => 1);
  return { ...report, token };
}

/** Lists tokens of programs, oldest first. */
export async function listApiTokens({ stores }: OperationContext): Promise<ApiTokenReport[]> {
  return (await stores.apiTokens.list()).map(toReport);
}

/**
 * Revokes a token: it is refused from now on.
 * @throws MemodagError `api_token_not_found`
 */
export async function revokeApiToken(
  { stores, actor }: OperationContext,
  { id }: ApiTokenName,
): Promise<ApiTokenName> {
  const revoke = async (): Promise<void> => {
    if (await stores.apiTokens.revoke(id)) return;
    throw new MemodagError(
      "api_token_not_found",
      `There is no valid token with the id "${id}": \`memodag tokens ls\` lists them`,
      { fields: { id } },
    );
  };
  await audited(stores.audit, newAct(actor, "tokens.revoke", null, { id }), revoke, () => 1);
  return { id };
}

function toReport({ createdAt, expiresAt, revokedAt, usedAt, ...token }: ApiToken): ApiTokenReport {
  return {
    ...token,
    createdAt: isoTime(createdAt),
    expiresAt: isoTime(expiresAt),
    revokedAt: isoTime(revokedAt),
    usedAt: isoTime(usedAt),
  };
}
