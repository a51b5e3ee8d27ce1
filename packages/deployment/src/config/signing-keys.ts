// The keys of [signatures]: public ones for all that check results, the private one for schedulers.

import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Config, LoadedConfig } from "@memodag/config";
import { MemodagError, messageOf, type Clock, type Logger } from "@memodag/core";
import { keyIdOf, RecordSigner, SignatureChecks } from "@memodag/result-cache";

/** Returns what checks signatures of results that a run may use; undefined: they are not looked at. */
export function openSignatures(
  { signatures, scope: { name: scope } }: Config,
  signer?: RecordSigner,
): SignatureChecks | undefined {
  const { mode } = signatures;
  if (mode === "off") return undefined;
  return new SignatureChecks(publicKeysOf(signatures), mode, { ...(signer && { signer }), scope });
}

/** Returns what checks signatures for listings, which show them whatever the mode is; undefined: there are no keys. */
export function openListedSignatures({
  signatures,
  scope: { name: scope },
}: Config): SignatureChecks | undefined {
  const keys = publicKeysOf(signatures);
  return keys.length === 0 ? undefined : new SignatureChecks(keys, "on", { scope });
}

/**
 * Reads the private key; undefined: results are not signed.
 * @throws MemodagError `config_invalid` for a key that cannot be read, or whose results this deployment would not use
 */
export function openSigner(
  { config, projectDir }: LoadedConfig,
  clock: Clock,
  log: Logger,
): RecordSigner | undefined {
  const { signatures } = config;
  const { mode, keyFile, privateKey: written } = signatures;
  if (mode === "off") return undefined;
  if (keyFile === undefined && written === undefined) {
    if (mode === "strict")
      log.warn(
        "[signatures] has no private key: results of this scheduler are not signed, and so never used again",
      );
    return undefined;
  }
  const privateKey =
    keyFile === undefined ? readKey(written ?? "") : readKeyFile(resolve(projectDir, keyFile));
  const keyId = keyIdOf(privateKey);
  if (!publicKeysOf(signatures).some((key) => keyIdOf(key) === keyId)) {
    const own = createPublicKey(privateKey).export({ type: "spki", format: "der" }).toString("base64");
    throw new MemodagError(
      "config_invalid",
      `[signatures] public_keys does not have the public key of this scheduler's private key: add ${own}`,
    );
  }
  return new RecordSigner({
    privateKey,
    scheduler: `${hostname()}:${process.pid}`,
    scope: config.scope.name,
    now: () => clock.now(),
  });
}

function publicKeysOf({ publicKeys = "" }: Config["signatures"]): KeyObject[] {
  return publicKeys
    .split(" ")
    .filter((key) => key !== "")
    .map((key) => createPublicKey({ key: Buffer.from(key, "base64"), type: "spki", format: "der" }));
}

function readKey(text: string): KeyObject {
  if (text.startsWith("-----")) return createPrivateKey(text);
  return createPrivateKey({ key: Buffer.from(text, "base64"), type: "pkcs8", format: "der" });
}

function readKeyFile(path: string): KeyObject {
  let why: string;
  try {
    const key = readKey(readFileSync(path, "utf8").trim());
    if (key.asymmetricKeyType === "ed25519") return key;
    why = `it is a key of ${key.asymmetricKeyType ?? "another kind"}`;
  } catch (error) {
    why = messageOf(error);
  }
  throw new MemodagError(
    "config_invalid",
    `[signatures] key_file is no Ed25519 private key (${why}): make one with \`memodag cache keygen\``,
    { fields: { path } },
  );
}
