// Ties a record to its result and to its origin: a signature that only schedulers can make, and anyone can check. What is
// signed is an in-toto statement in a DSSE envelope; both are made anew from the record, so that no column escapes them.

import {
  createHash,
  createPublicKey,
  hash,
  hkdfSync,
  sign,
  timingSafeEqual,
  type KeyObject,
} from "node:crypto";
import { canonicalJson, RETURN_VALUE, sha256, type Digest } from "@memodag/core";
import type { CacheRecord, NewCacheRecord } from "./record-store.ts";
import { DEFAULT_SCOPE } from "./scopes.ts";

/** The fields of a record that decide what a hit returns and for how long. */
export type Signable = Pick<
  CacheRecord,
  "team" | "key" | "xcoms" | "error" | "entries" | "validForMs" | "producer" | "durationMs"
>;

/** The origin of a record as it is signed, beside {@link Signable}. */
export interface Origin {
  readonly dagId: string;
  readonly taskId: string;
  readonly sourceHash: Digest;
  /** Digest of the digests of the inputs, by name. */
  readonly inputs: Digest;
  readonly runtime: Readonly<Record<string, string>>;
  readonly scheduler: string;
  /** The scope that made it. Absent: `default`. */
  readonly scope?: string;
  /** Where the attempt ran; `null`: not known. */
  readonly worker: string | null;
  /** Milliseconds since the Unix epoch, by the scheduler's clock. */
  readonly signedAt: number;
}

/** The content of a record's `signature`. */
export interface RecordSignature {
  readonly keyId: string;
  /** Base64. */
  readonly sig: string;
  /**
   * Base64: a code over the same, of a key that follows from the private one. A scheduler that has the private key checks it in a
   * fraction of the time.
   */
  readonly mac: string;
  readonly origin: Origin;
}

/** A DSSE envelope. */
export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** First digits of the key's digest. */
const KEY_ID_DIGITS = 16;

/** The id of a key: from the digest of its public half, so that it needs no list of its own. */
export function keyIdOf(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, KEY_ID_DIGITS);
}

/** The parts of a {@link RecordSigner}. */
export interface RecordSignerParts {
  /** Ed25519. */
  readonly privateKey: KeyObject;
  /** The name of this scheduler in statements. */
  readonly scheduler: string;
  /** The scope that it writes to. Default: `default`. */
  readonly scope?: string;
  readonly now: () => number;
}

/** Signs records. */
export class RecordSigner {
  readonly #parts: RecordSignerParts;
  readonly #keyId: string;
  /** Two blocks of SHA-256 in hexadecimal digits. */
  readonly #macKeys: readonly [inner: string, outer: string];

  constructor(parts: RecordSignerParts) {
    this.#parts = parts;
    this.#keyId = keyIdOf(parts.privateKey);
    const der = parts.privateKey.export({ type: "pkcs8", format: "der" });
    const keys = Buffer.from(hkdfSync("sha256", der, "", "memodag record signature", 64)).toString("hex");
    this.#macKeys = [keys.slice(0, 64), keys.slice(64)];
  }

  /** Returns the `signature` of a record; `worker`: where its attempt ran. */
  sign(record: Omit<NewCacheRecord, "signature">, worker: string | null): string {
    const { privateKey, scheduler, scope = DEFAULT_SCOPE, now } = this.#parts;
    const { dagId, taskId, sourceHash, components } = record;
    const origin = {
      dagId,
      taskId,
      sourceHash,
      inputs: inputsDigest(components),
      runtime: components.runtime ?? {},
      scheduler,
      ...(scope !== DEFAULT_SCOPE && { scope }),
      worker,
      signedAt: now(),
    };
    const sig = sign(null, signedBytes(record, origin), privateKey).toString("base64");
    const mac = this.#macOf(record, origin);
    return JSON.stringify({ keyId: this.#keyId, sig, mac, origin } satisfies RecordSignature);
  }

  /** True if this signer made the signature, of this very record. False says nothing: then the signature is to be verified. */
  hasMade(record: Signable, { keyId, mac, origin }: RecordSignature): boolean {
    if (keyId !== this.#keyId) return false;
    const [found, expected] = [Buffer.from(mac), Buffer.from(this.#macOf(record, origin))];
    return found.length === expected.length && timingSafeEqual(found, expected);
  }

  /** HMAC with a key for each of its two hashes: Node's takes several times as long for texts this short. */
  #macOf(record: Signable, origin: Origin): string {
    const [inner, outer] = this.#macKeys;
    return hash("sha256", outer + hash("sha256", inner + signedText(record, origin)), "base64");
  }
}

/** Reads the `signature` of a record; undefined for what is none. */
export function readSignature(text: string): RecordSignature | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { keyId, sig, mac, origin } = { ...(value as Partial<RecordSignature> | null) };
  const isWhole =
    typeof keyId === "string" && typeof sig === "string" && typeof mac === "string" && isOrigin(origin);
  return isWhole ? { keyId, sig, mac, origin } : undefined;
}

/** True if a statement can be made of it: another process that writes to the database chooses its fields. */
function isOrigin(value: unknown): value is Origin {
  if (typeof value !== "object" || value === null) return false;
  const { scope, worker, signedAt, runtime, ...texts } = value as Partial<Origin>;
  const { dagId, taskId, sourceHash, inputs, scheduler } = texts;
  const isText = (field: unknown): boolean => typeof field === "string" && field.isWellFormed();
  return (
    [dagId, taskId, sourceHash, inputs, scheduler].every(isText) &&
    (scope === undefined || isText(scope)) &&
    (worker === null || isText(worker)) &&
    Number.isFinite(signedAt) &&
    typeof runtime === "object" &&
    runtime !== null &&
    Object.entries(runtime).flat().every(isText)
  );
}

/** True if the scope that was signed is that of the record. @param own of a record that names none */
export function hasSignedScope({ scope }: Pick<CacheRecord, "scope">, origin: Origin, own: string): boolean {
  return (scope ?? own) === (origin.scope ?? DEFAULT_SCOPE);
}

/** The bytes that a signature is over: DSSE's encoding of the statement. */
export function signedBytes(record: Signable, origin: Origin): Uint8Array {
  const payload = Buffer.from(statementOf(record, origin));
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Everything that is signed, without the cost of making the statement. */
export function signedText(record: Signable, origin: Origin): string {
  const { team, key, xcoms, error, entries, validForMs, producer, durationMs } = record;
  const { runId, mapIndex, tryNumber } = producer;
  const values = xcoms.map((xcom) => [xcom.key, xcom.digest, xcom.sizeBytes]);
  const failure = error && [error.code, error.message];
  const made = [runId, mapIndex, tryNumber, durationMs, validForMs ?? null];
  return JSON.stringify([team, key, values, failure, made, entries ?? null, origin]);
}

/** The envelope of a record, which other tools verify; undefined: it has no signature. */
export function envelopeOf(record: Signable & Pick<CacheRecord, "signature">): Envelope | undefined {
  const signature = record.signature === undefined ? undefined : readSignature(record.signature);
  if (!signature) return undefined;
  return {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(statementOf(record, signature.origin)).toString("base64"),
    signatures: [{ keyid: signature.keyId, sig: signature.sig }],
  };
}

/** The columns of a record's origin, which lookups do not read. */
export type OriginColumns = Pick<CacheRecord, "dagId" | "taskId" | "sourceHash"> &
  Partial<Pick<CacheRecord, "components">>;

/** True if the origin that was signed is that of the record's columns, as far as they are given. */
export function hasSignedOrigin(
  { dagId, taskId, sourceHash, components }: OriginColumns,
  origin: Origin,
): boolean {
  return (
    dagId === origin.dagId &&
    taskId === origin.taskId &&
    sourceHash === origin.sourceHash &&
    (components === undefined || inputsDigest(components) === origin.inputs)
  );
}

function inputsDigest({ inputs }: Pick<CacheRecord["components"], "inputs">): Digest {
  return sha256(canonicalJson(inputs));
}

/**
 * The in-toto statement of a record, as canonical JSON. The names of stores are left out: bytes are known by their digests,
 * and a copy of the record in another deployment stays valid.
 */
function statementOf(record: Signable, origin: Origin): string {
  const { team, key, xcoms, error, entries, validForMs, producer, durationMs } = record;
  const values = xcoms.map((xcom) => ({
    name: xcom.key,
    digest: { sha256: xcom.digest },
    annotations: { sizeBytes: xcom.sizeBytes },
  }));
  // A statement has a subject; of a failure it is the error.
  const failure = error && {
    name: "error",
    digest: { sha256: sha256(JSON.stringify([storable(error.code), storable(error.message)])) },
  };
  const { dagId, taskId, sourceHash, inputs, runtime, scheduler, worker, signedAt } = origin;
  return canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: failure ? [failure, ...values.toSorted(byName)] : values.toSorted(byName),
    predicateType: "urn:memodag:result:v1",
    predicate: {
      team,
      cacheKey: key,
      dagId,
      taskId,
      mapIndex: producer.mapIndex,
      runId: producer.runId,
      tryNumber: producer.tryNumber,
      durationMs,
      code: { sha256: sourceHash },
      inputs: { sha256: inputs },
      runtime: { ...runtime },
      scheduler,
      worker,
      signedAt,
      isFailure: error !== null,
      result: xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? null,
      ...(entries && {
        entries: entries
          .map(({ cache, scope, key: name, digest, sizeBytes }) =>
            JSON.stringify([cache, scope, name, digest, sizeBytes]),
          )
          .toSorted(),
      }),
      ...(validForMs !== undefined && { validForMs }),
      ...(origin.scope !== undefined && { scope: origin.scope }),
    },
  });
}

/** Databases replace these characters of an error when they store it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

function byName({ name: a }: { readonly name: string }, { name: b }: { readonly name: string }): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
