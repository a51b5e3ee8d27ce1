// Errors of the worker API as responses: RFC 9457 with the codes of memodag.

import { MemodagError, messageOf, type ErrorCode, type Logger } from "@memodag/core";
import { PROBLEM_TYPE, type Problem } from "./protocol/index.ts";

/** An error that is the answer to a request. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ErrorCode;

  constructor(status: number, code: ErrorCode, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  410: "Gone",
  413: "Content Too Large",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/**
 * Returns the response to an error. Errors of stores may contain addresses and names that are not for workers: they are
 * logged here, and the host is told to try again.
 */
export function toResponse(error: unknown, log: Logger): Response {
  if (error instanceof ApiProblem) return problemResponse(error);
  if (error instanceof MemodagError && error.code === "artifact_not_found")
    return problemResponse(new ApiProblem(404, error.code, error.message));
  log.error("a request of a worker failed", { error: messageOf(error) });
  const detail = "The stores of this deployment are not available; see the log of the worker API";
  return problemResponse(new ApiProblem(503, "worker_api_failed", detail));
}

function problemResponse({ status, code, message: detail }: ApiProblem): Response {
  const problem: Problem = { status, title: TITLES[status] ?? "Error", code, detail };
  const headers = { "content-type": PROBLEM_TYPE };
  return new Response(JSON.stringify(problem), { status, headers });
}
