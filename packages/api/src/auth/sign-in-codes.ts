// Codes that sign a person in once. A process that can read the deployment's secret can make them.
//
// A code says who signs in and until when it is valid, with an HMAC over both. It is in the fragment of a URL, which
// browsers do not send.

import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { sha256, type Clock, type Digest } from "@memodag/core";

/** Milliseconds for which a code is valid. */
export const CODE_VALID_MS = 900_000;

const NONCE_BYTES = 16;
const KEY_BYTES = 32;

/** Makes and checks codes. */
export class SignInCodes {
  readonly #key: Uint8Array;
  readonly #clock: Pick<Clock, "now">;

  /** @param secret of the deployment, at least 32 bytes */
  constructor(secret: Uint8Array, clock: Pick<Clock, "now">) {
    this.#key = new Uint8Array(hkdfSync("sha256", secret, "", "memodag api sign-in", KEY_BYTES));
    this.#clock = clock;
  }

  /** Returns a code for a person. */
  make(name: string): string {
    const said = {
      name,
      until: this.#clock.now() + CODE_VALID_MS,
      nonce: randomBytes(NONCE_BYTES).toString("hex"),
    };
    const text = Buffer.from(JSON.stringify(said)).toString("base64url");
    return `${text}.${this.#sign(text)}`;
  }

  /** Returns whom a code signs in, and what it is remembered by; undefined: it is none, or has expired. */
  read(code: string): { readonly name: string; readonly digest: Digest } | undefined {
    const [text = "", signature = ""] = code.split(".");
    const [given, right] = [Buffer.from(signature), Buffer.from(this.#sign(text))];
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const { name, until } = JSON.parse(Buffer.from(text, "base64url").toString()) as {
      name: string;
      until: number;
    };
    return until > this.#clock.now() ? { name, digest: sha256(text) } : undefined;
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}
