// Checks the signatures of records, beside the event loop, and remembers which of them are right.

import { hash, verify, type KeyObject } from "node:crypto";
import type { SealState } from "./record-seal.ts";
import {
  hasSignedOrigin,
  hasSignedScope,
  keyIdOf,
  readSignature,
  signedBytes,
  signedText,
  type OriginColumns,
  type RecordSigner,
  type RecordSignature,
  type Signable,
} from "./record-signature.ts";
import type { FoundRecord } from "./record-store.ts";
import { DEFAULT_SCOPE } from "./scopes.ts";

/** `on`: records without a signature are used; `strict`: they are not. */
export type SignatureMode = "on" | "strict";

/** Why a record is not used: a reason of a miss. */
export type SignatureRefusal = "unsigned" | "signer_unknown" | "signature_invalid";

/** A record as lookups may use it, or why they may not. */
export type CheckedRecord =
  | { readonly kind: "usable"; readonly record: FoundRecord }
  | { readonly kind: "refused"; readonly refusal: SignatureRefusal };

/** Signatures that are remembered as right: some 20 MB. */
const MOST_REMEMBERED = 100_000;

/** Verifications at the same time: Node has four threads for them, which read files as well. */
const CONCURRENT = 3;

/** Checks signatures with the public keys of a deployment. */
export class SignatureChecks {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #mode: SignatureMode;
  readonly #signer: RecordSigner | undefined;
  readonly #scope: string;
  /** Digests of signatures with what they are over. */
  readonly #right = new Set<string>();

  /**
   * @param keys Ed25519; a record signed with another one is not used
   * @param own `signer`: of this process, whose records take no verification. `scope`: of records that name none;
   *   default: `default`
   */
  constructor(
    keys: readonly KeyObject[],
    mode: SignatureMode,
    { signer, scope = DEFAULT_SCOPE }: { readonly signer?: RecordSigner; readonly scope?: string } = {},
  ) {
    this.#signer = signer;
    this.#scope = scope;
    this.#keys = new Map(keys.map((key) => [keyIdOf(key), key]));
    this.#mode = mode;
  }

  /** The verdict on a record with its origin. */
  check(
    record: Signable & OriginColumns & { readonly signature?: string | undefined; readonly scope?: string },
  ): SealState {
    if (record.signature === undefined) return "none";
    const signature = readSignature(record.signature);
    if (!signature) return "wrong";
    const key = this.#keys.get(signature.keyId);
    if (!key) return "foreign";
    if (!hasSignedOrigin(record, signature.origin)) return "wrong";
    if (!hasSignedScope(record, signature.origin, this.#scope)) return "wrong";
    return verify(null, signedBytes(record, signature.origin), key, Buffer.from(signature.sig, "base64"))
      ? "right"
      : "wrong";
  }

  /**
   * Checks records that were found. Rejects once the signal is aborted; what was verified by then is remembered.
   * @param records sound ones: every field has its type
   */
  async checkFound(
    records: readonly FoundRecord[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<FoundRecord, CheckedRecord>> {
    const checked = new Map<FoundRecord, CheckedRecord>();
    const queue = records.values();
    const work = async (): Promise<void> => {
      for (const record of queue) {
        const now = this.#known(record);
        checked.set(record, "verify" in now ? await now.verify() : now);
        if ("verify" in now) signal.throwIfAborted();
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, work));
    return checked;
  }

  /** The verdict where it takes no verification. */
  #known(record: FoundRecord): CheckedRecord | { verify(): Promise<CheckedRecord> } {
    const { signature: text } = record;
    if (text === undefined) return this.#mode === "strict" ? refused("unsigned") : { kind: "usable", record };
    const signature = readSignature(text);
    if (!signature) return refused("signature_invalid");
    const key = this.#keys.get(signature.keyId);
    if (!key) return refused("signer_unknown");
    if (!hasSignedScope(record, signature.origin, this.#scope)) return refused("signature_invalid");
    const usable: CheckedRecord = { kind: "usable", record: withSignedAge(record, signature) };
    if (this.#signer?.hasMade(record, signature)) return usable;
    const name = hash("sha256", signature.sig + signedText(record, signature.origin), "base64");
    if (this.#right.has(name)) return usable;
    return {
      verify: async () => {
        if (!(await isRight(record, signature, key))) return refused("signature_invalid");
        this.#remember(name);
        return usable;
      },
    };
  }

  #remember(name: string): void {
    const [oldest] = this.#right;
    if (this.#right.size >= MOST_REMEMBERED && oldest !== undefined) this.#right.delete(oldest);
    this.#right.add(name);
  }
}

function refused(refusal: SignatureRefusal): CheckedRecord {
  return { kind: "refused", refusal };
}

/** A record is at least as old as its signature: a later creation time in the database extends nothing. */
function withSignedAge(record: FoundRecord, { origin }: RecordSignature): FoundRecord {
  const ageMs = record.createdAt + record.ageMs - origin.signedAt;
  return ageMs > record.ageMs ? { ...record, ageMs } : record;
}

async function isRight(
  record: FoundRecord,
  { sig, origin }: RecordSignature,
  key: KeyObject,
): Promise<boolean> {
  const bytes = signedBytes(record, origin);
  return await new Promise((resolve, reject) => {
    verify(null, bytes, key, Buffer.from(sig, "base64"), (error, isValid) => {
      if (error) reject(error);
      else resolve(isValid);
    });
  });
}
