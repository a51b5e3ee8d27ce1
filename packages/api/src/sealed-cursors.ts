// Cursors as strings that can be neither read nor made by those who have them: a cursor holds a row's number, which
// counts rows of all teams.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { ApiProblem } from "./problem.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals and opens cursors. One is good for the list, the team and the principal that it was made for. */
export class SealedCursors {
  readonly #key: Uint8Array;

  /** @param secret of the deployment, at least 32 bytes */
  constructor(secret: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync("sha256", secret, "", "memodag api cursors", KEY_BYTES));
  }

  seal(cursor: string, scope: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(
      Buffer.from(scope),
    );
    return Buffer.concat([nonce, cipher.update(cursor), cipher.final(), cipher.getAuthTag()]).toString(
      "base64url",
    );
  }

  /** @throws ApiProblem 422 */
  open(sealed: string, scope: string): string {
    const bytes = Buffer.from(sealed, "base64url");
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(scope))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString();
    } catch {
      throw new ApiProblem(
        422,
        "cursor_invalid",
        "`after` is not a cursor of this list: use `next` of the page before, with the same filters",
        { errors: [{ pointer: "/after", message: "is not a cursor of this list" }] },
      );
    }
  }
}
