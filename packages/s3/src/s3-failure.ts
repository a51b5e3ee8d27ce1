// Converts failures of the SDK to errors that name the bucket, the endpoint and how to fix them.

import { MemodagError } from "@memodag/core";

/** Where a bucket is, for messages. */
export interface BucketPlace {
  readonly bucket: string;
  /** Undefined: AWS, which has an endpoint for each region. */
  readonly endpoint: string | undefined;
}

/** The used fields of an error of the SDK. */
interface SdkFailure {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** The HTTP status of an error; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as SdkFailure | null)?.$metadata?.httpStatusCode;
}

/** The code of an error: that of the answer, or of the network. */
function codeOf(error: unknown): string {
  const { name, code } = (error ?? {}) as SdkFailure;
  if (typeof code === "string") return code;
  return typeof name === "string" ? name : "Error";
}

/** True when an object is missing, and not the bucket. Only answers with a body tell the two apart. */
export function isMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && codeOf(error) !== "NoSuchBucket";
}

/** True when the same request may succeed later. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 429 || status === 408;
  return NETWORK.test(codeOf(error));
}

const NETWORK = /^(?:E[A-Z]{3,}|TimeoutError|NetworkingError)$/;

/**
 * The error for a failure. Aborts and errors of memodag pass as they are. Neither credentials nor headers are in it:
 * the cause is left out, since the SDK keeps the answer in it.
 */
export function bucketFailure(error: unknown, place: BucketPlace, use: string): unknown {
  if (error instanceof MemodagError || codeOf(error) === "AbortError") return error;
  const status = statusOf(error);
  const code = codeOf(error);
  const at = `bucket ${place.bucket}${place.endpoint === undefined ? "" : ` at ${place.endpoint}`}`;
  const what = status === undefined ? code : `${code}, HTTP ${status}`;
  const requestId = (error as SdkFailure | null)?.$metadata?.requestId;
  const fields = {
    bucket: place.bucket,
    code,
    ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
    ...(status !== undefined && { status }),
    ...(requestId !== undefined && { requestId }),
  };
  const message = `${at} failed to ${use} (${what}): ${adviceFor(code, status)}`;
  return new MemodagError("cache_backend_failed", message, { fields });
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^NoSuchBucket$/, "create the bucket, or correct `bucket` and `endpoint`"],
  [
    /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken\w*|InvalidToken|TokenRefreshRequired)$/,
    "check the credentials, in `credentials_file` or where the SDK finds them",
  ],
  [
    /^(?:CredentialsProviderError|CredentialsError)$/,
    "no credentials were found: set `credentials_file`, or provide some as for the tools of AWS",
  ],
  [/^(?:RequestTimeTooSkewed|RequestExpired)$/, "set the clock of this machine: it differs from the store's"],
  [
    /^(?:PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/,
    "correct `region`",
  ],
  [/^(?:BadDigest|XAmzContentSHA256Mismatch|InvalidDigest)$/, "the bytes arrived damaged: try again"],
  [NETWORK, "check `endpoint`, and that this machine can connect to it"],
];

function adviceFor(code: string, status: number | undefined): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1];
  if (advice !== undefined) return advice;
  if (status === 403 || status === 401)
    return "grant the credentials s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket";
  if (status === 404) return "check `bucket` and `endpoint`";
  if (status === 429 || (status !== undefined && status >= 500))
    return "the store is overloaded or down: try again";
  return "check `bucket`, `region`, `endpoint` and the credentials";
}
