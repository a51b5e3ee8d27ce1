// Certificates and keys of servers, in files that the config names.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MemodagError, messageOf } from "@memodag/core";

/** The files of a section of the config. */
export interface TlsFiles {
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
}

/**
 * Returns the certificate and the key of a server as PEM; undefined: its section names none.
 * @throws MemodagError `config_invalid`
 */
export function readTls(
  section: string,
  { tlsCertFile, tlsKeyFile }: TlsFiles,
  projectDir: string,
): { cert: string; key: string } | undefined {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return undefined;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    throw new MemodagError(
      "config_invalid",
      `[${section}] has one of tls_cert_file and tls_key_file: set both, or neither`,
    );
  }
  const read = (key: string, path: string): string =>
    readPem(`[${section}] ${key}`, resolve(projectDir, path));
  return { cert: read("tls_cert_file", tlsCertFile), key: read("tls_key_file", tlsKeyFile) };
}

/** @throws MemodagError `config_invalid` */
export function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new MemodagError("config_invalid", `${setting}: ${path} cannot be read (${messageOf(error)})`, {
      cause: error,
      fields: { path },
    });
  }
}
