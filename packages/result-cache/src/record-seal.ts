// Ties a record to its result: a code that only who has `secret.key` can make.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Digest, RecordedEntry } from "@memodag/core";
import type { RecordedXCom } from "./recorded-xcom.ts";

/** The sealed content. */
export interface Sealable {
  readonly team: string;
  readonly key: Digest;
  readonly xcoms: readonly RecordedXCom[];
  readonly isFailure: boolean;
  /** Absent: none. */
  readonly entries?: readonly RecordedEntry[];
  /** Absent: no limit of its own. */
  readonly validForMs?: number;
}

/**
 * The verdict of a seal. `none`: the record is from before there were seals, or its store keeps none.
 * `foreign`: it was made with a key that is not this one, which tells nothing.
 */
export type SealState = "right" | "wrong" | "none" | "foreign";

/** First digits of the key's digest, by which a seal says which key it was made with. */
const KEY_ID_DIGITS = 8;

const SEAL = /^(?<keyId>[0-9a-f]{8})\.[0-9a-f]{64}$/;

/** The seal of a record: which key it is made with, and the code. */
export function sealRecord(
  { team, key, xcoms, isFailure, entries, validForMs }: Sealable,
  sealKey: Uint8Array,
): string {
  // Lists alone, whose JSON is canonical. A store may list XComs in another order. The name keeps this apart from the digests of secrets.
  const values = xcoms
    .map((xcom) => [xcom.key, xcom.digest, xcom.sizeBytes] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const names = entries
    ?.map(({ cache, scope, key: name, digest, sizeBytes }) =>
      JSON.stringify([cache, scope, name, digest, sizeBytes]),
    )
    .toSorted();
  // Only where there are some, so that seals of records without them stay valid.
  const sealed = JSON.stringify([
    "memodag record seal",
    team,
    key,
    isFailure,
    values,
    ...(names ? [names] : []),
    ...(validForMs === undefined ? [] : [{ validForMs }]),
  ]);
  return `${keyIdOf(sealKey)}.${createHmac("sha256", sealKey).update(sealed).digest("hex")}`;
}

/** @param sealKey `undefined`: there is no key here, so that every seal is another key's */
export function checkSeal(
  record: Sealable & { readonly seal?: string },
  sealKey: Uint8Array | undefined,
): SealState {
  const { seal } = record;
  if (seal === undefined) return "none";
  const keyId = SEAL.exec(seal)?.groups?.["keyId"];
  if (keyId === undefined) return "wrong";
  if (sealKey === undefined || keyId !== keyIdOf(sealKey)) return "foreign";
  const expected = sealRecord(record, sealKey);
  return timingSafeEqual(Buffer.from(expected), Buffer.from(seal)) ? "right" : "wrong";
}

function keyIdOf(sealKey: Uint8Array): string {
  return createHash("sha256").update(sealKey).digest("hex").slice(0, KEY_ID_DIGITS);
}
