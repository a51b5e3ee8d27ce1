// Converts failures to errors that name the bucket and how to fix them.

import { MemodagError } from "@memodag/core";

/** An answer with an error's status. */
export class RefusedRequest extends Error {
  override readonly name: string = "RefusedRequest";
  readonly code: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.code = status;
  }
}

/** Where a bucket is, for messages. */
export interface BucketPlace {
  readonly bucket: string;
  /** Undefined: Google's. */
  readonly endpoint: string | undefined;
}

/** The status of an answer, or the code of a network's or a library's error. */
function codeOf(error: unknown): number | string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code === "number" || (typeof code === "string" && code !== "")) {
    return /^\d{3}$/.test(String(code)) ? Number(code) : code;
  }
  return error instanceof Error ? error.name : "Error";
}

/** True for an answer that something is not there: an object, or its bucket. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 404;
}

/** True when the same request may succeed later. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "number" ? code >= 500 || code === 429 || code === 408 : NETWORK.test(code);
}

const NETWORK = /^E[A-Z]{3,}$/;

/** No part of an answer or a request is in the error: they hold tokens. */
export function bucketFailure(error: unknown, { bucket, endpoint }: BucketPlace, use: string): unknown {
  if (error instanceof MemodagError || (error instanceof Error && error.name === "AbortError")) return error;
  const code = codeOf(error);
  const at = `bucket ${bucket}${endpoint === undefined ? "" : ` at ${endpoint}`}`;
  const what = typeof code === "number" ? `HTTP ${code}` : code;
  return new MemodagError(
    "cache_backend_failed",
    `${at} on Google Cloud Storage failed to ${use} (${what}): ${adviceFor(code, error)}`,
    { fields: { bucket, code, ...(endpoint !== undefined && { endpoint }) } },
  );
}

function adviceFor(code: number | string, error: unknown): string {
  if (code === 401) return "check the credentials, in `credentials_file` or where Google's tools have them";
  if (code === 403) return 'grant the credentials the role "Storage Object User" on the bucket';
  if (code === 404) return "create the bucket, or correct `bucket`";
  if (code === 429 || (typeof code === "number" && code >= 500))
    return "the service is overloaded or down: try again";
  if (typeof code === "string" && NETWORK.test(code))
    return "check `endpoint`, and that this machine can connect to it";
  const message = error instanceof Error ? error.message : "";
  if (/credential|authenticat|invalid_grant|private key/i.test(message))
    return "no usable credentials were found: set `credentials_file`, or run `gcloud auth application-default login`";
  return "check `bucket`, `endpoint` and the credentials";
}
