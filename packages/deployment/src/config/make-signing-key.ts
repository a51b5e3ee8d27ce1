// Makes the keys with which a scheduler signs results.

import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { MemodagError, nameFileFault, OWN_FILE_MODE } from "@memodag/core";
import { keyIdOf } from "@memodag/result-cache";

/** A pair of keys that was made. */
export interface MadeSigningKey {
  /** Absolute path of the private key, which only this user may read. */
  readonly path: string;
  readonly keyId: string;
  /** Base64, for [signatures] public_keys. */
  readonly publicKey: string;
}

/**
 * Makes a pair of Ed25519 keys and writes the private one.
 * @throws MemodagError `usage` if the file exists, `disk_failed`
 */
export function makeSigningKey(file: string): MadeSigningKey {
  const path = resolve(file);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  try {
    writeFileSync(path, `${der.toString("base64")}\n`, { flag: "wx", mode: OWN_FILE_MODE, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new MemodagError("usage", `${path} exists: choose another file, so that no key is lost`);
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new MemodagError("usage", `The folder of ${path} does not exist: create it first`);
    throw nameFileFault(error, { what: "signing key", path });
  }
  const written = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return { path, keyId: keyIdOf(publicKey), publicKey: written };
}
