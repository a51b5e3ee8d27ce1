// Makes, lists and revokes the tokens of workers.

import { makeSecretToken, MemodagError, type WorkerToken } from "@memodag/core";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

/** A token to be made. */
export interface MakeTokenInput {
  readonly name: string;
  /** Absent: all. */
  readonly queues?: readonly string[] | undefined;
  readonly teams?: readonly string[] | undefined;
  /** Milliseconds; `null`: it does not expire. */
  readonly validForMs: number | null;
}

/** A token, without its secret. */
export interface TokenReport {
  readonly id: string;
  readonly name: string;
  /** `null`: all. */
  readonly queues: readonly string[] | null;
  readonly teams: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** A token with its secret, which cannot be shown again. */
export interface MadeToken extends Pick<TokenReport, "id" | "name" | "queues" | "teams"> {
  readonly token: string;
}

/** Selects a token. */
export interface TokenName {
  readonly id: string;
}

/** Makes a token. */
export async function makeToken(
  { stores, actor }: OperationContext,
  { name, queues = [], teams = [], validForMs }: MakeTokenInput,
): Promise<MadeToken> {
  const { id, token, secretDigest } = makeSecretToken("mdw");
  const scope = { queues: orAll(queues), teams: orAll(teams) };
  const act = newAct(actor, "workers.token", null, { id, name, ...scope });
  const add = async (): Promise<void> =>
    await stores.workerTokens.add({ id, name, secretDigest, validForMs, ...scope });
  await audited(stores.audit, act, add, () => 1);
  return { id, name, ...scope, token };
}

/** Lists tokens, oldest first. */
export async function listTokens({ stores }: OperationContext): Promise<TokenReport[]> {
  return (await stores.workerTokens.list()).map(toReport);
}

/**
 * Revokes a token: its workers are refused from now on.
 * @throws MemodagError `worker_token_not_found`
 */
export async function revokeToken(
  { stores, actor }: OperationContext,
  { id }: TokenName,
): Promise<TokenName> {
  const revoke = async (): Promise<void> => {
    if (await stores.workerTokens.revoke(id)) return;
    throw new MemodagError(
      "worker_token_not_found",
      `There is no valid token with the id "${id}": \`memodag workers tokens\` lists them`,
      { fields: { id } },
    );
  };
  await audited(stores.audit, newAct(actor, "workers.revoke", null, { id }), revoke, () => 1);
  return { id };
}

function orAll(names: readonly string[]): string[] | null {
  return names.length === 0 ? null : [...names];
}

function toReport({ createdAt, expiresAt, revokedAt, ...token }: WorkerToken): TokenReport {
  return {
    ...token,
    createdAt: isoTime(createdAt),
    expiresAt: isoTime(expiresAt),
    revokedAt: isoTime(revokedAt),
  };
}
