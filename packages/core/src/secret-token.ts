// Tokens that let workers and programs in: 256 random bits, of which only the digest is stored.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { sha256, type Digest } from "./digest.ts";

/** The first letters of a token, by which scanners of secrets find it: `mdw` for workers, `mdg` for the REST API. */
export type TokenPrefix = "mdw" | "mdg";

/** The prefix, the id, and the secret: base64url of 32 bytes. */
const TOKEN = /^(?<prefix>md[wg])_(?<id>[0-9a-f]{16})_(?<secret>[\w-]{43})$/;

/** The part of a token that finds it, and what its secret is compared by. */
export interface SecretTokenParts {
  readonly id: string;
  readonly secretDigest: Digest;
}

/** Returns a new token, which is shown once. */
export function makeSecretToken(prefix: TokenPrefix): SecretTokenParts & { readonly token: string } {
  const id = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  return { id, secretDigest: sha256(secret), token: `${prefix}_${id}_${secret}` };
}

/** Returns the parts of a token; undefined for one with another prefix, and for other text. */
export function readSecretToken(prefix: TokenPrefix, token: string): SecretTokenParts | undefined {
  const { prefix: found, id, secret } = TOKEN.exec(token)?.groups ?? {};
  if (found !== prefix || id === undefined || secret === undefined) return undefined;
  return { id, secretDigest: sha256(secret) };
}

/** Compares two digests in a time that does not depend on them. */
export function areSameSecrets(one: Digest, other: Digest): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
