// Answers in JSON, with an ETag by which a client need not read twice what has not changed.

import { JSON_TYPE } from "@memodag/api-contract";
import { sha256 } from "@memodag/core";
import type { Context } from "hono";

const TAG_DIGITS = 32;

/** Returns the answer, or 304 if the client has it. @param isPrivate nothing may keep it: it has values of users */
export function answerJson(c: Context, value: unknown, isPrivate: boolean): Response {
  const body = JSON.stringify(value);
  const tag = `"${sha256(body).slice(0, TAG_DIGITS)}"`;
  const headers = { etag: tag, "cache-control": isPrivate ? "private, no-store" : "private, no-cache" };
  const known = c.req
    .header("if-none-match")
    ?.split(",")
    .map((text) => text.trim().replace(/^W\//, ""));
  if (known?.includes(tag)) return new Response(null, { status: 304, headers });
  return new Response(body, { headers: { ...headers, "content-type": JSON_TYPE } });
}
