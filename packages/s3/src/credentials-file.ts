// Credentials in a file of the format that the tools of AWS use.

import { readFile } from "node:fs/promises";
import { MemodagError, messageOf } from "@memodag/core";

/** Credentials as the SDK takes them. */
interface FileCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When the file is read again, so that keys can be rotated without a restart. */
  readonly expiration: Date;
}

/** The SDK renews credentials five minutes before they expire: the file is read again after five minutes. */
const EXPIRES_AFTER_MS = 600_000;

/**
 * Reads `aws_access_key_id`, `aws_secret_access_key` and, if there is one, `aws_session_token` of a profile.
 * @throws MemodagError `cache_backend_failed`, which never quotes the file
 */
export async function readCredentialsFile(
  path: string,
  profile: string,
  now: number,
): Promise<FileCredentials> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw fault(`cannot be read (${messageOf(error)})`, path);
  }
  const values = valuesOf(text, profile);
  const accessKeyId = values.get("aws_access_key_id");
  const secretAccessKey = values.get("aws_secret_access_key");
  if (!accessKeyId || !secretAccessKey) {
    throw fault(`has no aws_access_key_id and aws_secret_access_key in its profile [${profile}]`, path);
  }
  const sessionToken = values.get("aws_session_token");
  const expiration = new Date(now + EXPIRES_AFTER_MS);
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }), expiration };
}

function valuesOf(text: string, profile: string): Map<string, string> {
  const values = new Map<string, string>();
  let section: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) section = header;
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === profile && name !== undefined && value !== undefined) values.set(name, value);
  }
  return values;
}

function fault(what: string, path: string): MemodagError {
  return new MemodagError(
    "cache_backend_failed",
    `credentials_file: ${path} ${what}: write a file with a section [default] and these two keys, as for the tools of AWS`,
    { fields: { path } },
  );
}
