// The tokens that let worker hosts in: 256 random bits, of which only the digest is stored.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { sha256, type Digest } from "./digest.ts";

/** `mdw_`, the id, and the secret: base64url of 32 bytes. */
const TOKEN = /^mdw_(?<id>[0-9a-f]{16})_(?<secret>[\w-]{43})$/;

/** The part of a token that finds it, and what its secret is compared by. */
export interface WorkerTokenParts {
  readonly id: string;
  readonly secretDigest: Digest;
}

/** Returns a new token, which is shown once. */
export function makeWorkerToken(): WorkerTokenParts & { readonly token: string } {
  const id = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  return { id, secretDigest: sha256(secret), token: `mdw_${id}_${secret}` };
}

/** Returns the parts of a token; undefined for what is none. */
export function readWorkerToken(token: string): WorkerTokenParts | undefined {
  const { id, secret } = TOKEN.exec(token)?.groups ?? {};
  return id === undefined || secret === undefined ? undefined : { id, secretDigest: sha256(secret) };
}

/** Compares two digests in a time that does not depend on them. */
export function areSameSecrets(one: Digest, other: Digest): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
