// The key under which digests of secrets are kept: a file beside the state, made when it is first needed.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;

/** Reads the key, or makes one that this user alone may read. Two processes at once end with one key. */
export function readSecretKey(stateDir: string): Uint8Array {
  const path = join(stateDir, "secret.key");
  mkdirSync(stateDir, { recursive: true });
  try {
    writeFileSync(path, randomBytes(KEY_BYTES), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(path);
}
