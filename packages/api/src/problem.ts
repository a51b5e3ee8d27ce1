// Errors as answers: RFC 9457 with the codes of memodag.

import { PROBLEM_TYPE, type ApiProblemBody } from "@memodag/api-contract";
import { MemodagError, messageOf, type ErrorCode, type Logger } from "@memodag/core";

/** An error of a request, rather than of what it asks for. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly errors: ApiProblemBody["errors"];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    detail: string,
    more: {
      readonly errors?: ApiProblemBody["errors"];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

/** The answer to what is not there, and to what is not for the one who asks: they cannot be told apart. */
export function notFound(): ApiProblem {
  return new ApiProblem(404, "api_not_found", "There is nothing here, or nothing for you");
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Codes of errors that say of what is asked for that its state forbids it. */
const CONFLICTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "approval_answered",
  "approval_changed",
  "approval_not_open",
  "cache_key_ambiguous",
  "dag_ambiguous",
  "dag_paused",
  "dag_run_ambiguous",
  "dag_run_exists",
  "max_active_runs_reached",
  "run_ended",
  "run_not_loadable",
  "xcoms_removed",
]);

/** Codes of errors that say that something is not there, and do not end in `_not_found`. */
const GONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["cache_entry_lost", "cache_not_configured"]);

/** Returns the status of an error. */
export function statusOf({ code, fault }: Pick<MemodagError, "code" | "fault">): number {
  if (fault === "infrastructure") return 503;
  if (GONE.has(code) || code.endsWith("_not_found")) return 404;
  return CONFLICTS.has(code) ? 409 : 422;
}

/** Seconds after which a store may be there again. */
const RETRY_AFTER_S = 5;

/**
 * Returns the response to an error. A bug says nothing but the id of the request, under which the log has it; a fault
 * of a store says its code, and no address.
 */
export function toResponse(error: unknown, requestId: string, log: Logger): Response {
  if (error instanceof ApiProblem) return problemResponse(error, requestId, error.headers);
  if (!(error instanceof MemodagError)) {
    log.error("a request failed", {
      requestId,
      error: (error as Error).stack ?? messageOf(error),
    });
    const detail = "This is a bug: the log of the API server has it under the id of this request";
    return problemResponse({ status: 500, code: "api_request_invalid", message: detail }, requestId);
  }
  const { code, message, fields } = error;
  const status = statusOf(error);
  if (status !== 503) return problemResponse({ status, code, message, fields }, requestId);
  log.error("a request met a store that is not available", { requestId, code, error: message });
  const detail =
    "A store of this deployment is not available: see the log of the API server, and try again later";
  const headers = { "retry-after": String(RETRY_AFTER_S) };
  return problemResponse({ status, code, message: detail }, requestId, headers);
}

interface Said {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields?: MemodagError["fields"];
  readonly errors?: ApiProblemBody["errors"];
}

function problemResponse(
  { status, code: said, message, fields = {}, errors }: Said,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const code = status === 500 ? "internal" : said;
  const body: ApiProblemBody = {
    type: `urn:memodag:error:${code}`,
    title: TITLES[status] ?? "Error",
    status,
    code,
    detail: message,
    instance: `urn:uuid:${requestId}`,
    ...(Object.keys(fields).length > 0 && { fields: { ...fields } }),
    ...(errors && { errors }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...headers },
  });
}
