// The bytes of entries of job caches: to save, and as much as a preview shows.

import { OWN_ROUTES } from "@memodag/api-contract";
import { readEntry, type ReadEntry } from "@memodag/operations/entries";
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
import { findImageType } from "../image-type.ts";
import { InputReader } from "../read-input.ts";
import { toPattern } from "./operation-routes.ts";

/** Names an entry. */
interface EntryInput {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly key: string;
  readonly cache?: string | undefined;
}

/** Bytes of a preview that is no image. */
const PREVIEW_BYTES = 65_536;

/** Bytes of an image that is shown, at most. */
const MOST_IMAGE_BYTES = 16 * 1_048_576;

/** Adds the routes. */
export function addEntryRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  addRoute(app, parts, "entries.content", async ({ entry, bytes }) => ({
    body: bytes,
    headers: { ...attachmentOf(entry.key), "content-length": String(entry.sizeBytes) },
  }));
  addRoute(app, parts, "entries.preview", async ({ entry, bytes }) => {
    const reader = bytes.getReader();
    const head = await readHead(reader);
    const type = entry.sizeBytes <= MOST_IMAGE_BYTES ? findImageType(head) : undefined;
    if (type !== undefined)
      return {
        body: following(head, reader),
        headers: { "content-type": type, "content-length": String(entry.sizeBytes) },
      };
    await reader.cancel();
    return { body: head.slice(0, PREVIEW_BYTES), headers: attachmentOf(entry.key) };
  });
}

interface Answered {
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

function addRoute(
  app: Hono<ApiEnv>,
  { context, authenticator }: ApiParts,
  name: "entries.content" | "entries.preview",
  answer: (entry: ReadEntry) => Promise<Answered>,
): void {
  const route = OWN_ROUTES[name];
  const reader = new InputReader<EntryInput>(route, z.strictObject(route.parameters));
  app.get(toPattern(route.path), async (c: Context<ApiEnv>) => {
    const team = c.req.param("team") ?? "";
    authorize(await authenticator.principalOf(c), { role: "viewer", team, hasValues: true });
    const found = await readEntry(context, await reader.read(c, route.path));
    const { body, headers } = await answer(found);
    const isBodyWanted = c.req.method !== "HEAD";
    if (!isBodyWanted && body instanceof ReadableStream) await body.cancel();
    return new Response(isBodyWanted ? body : null, {
      headers: {
        "content-type": route.type,
        etag: `"${found.entry.digest}"`,
        "cache-control": "private, no-store",
        // A task chose the bytes: nothing in them is run.
        "content-security-policy": "sandbox; default-src 'none'",
        ...headers,
      },
    });
  });
}

/** A browser saves the bytes, and shows nothing of them. */
function attachmentOf(key: string): Readonly<Record<string, string>> {
  const name = encodeURIComponent(key.split("/").at(-1) ?? "entry");
  return { "content-disposition": `attachment; filename*=UTF-8''${name}` };
}

/** Reads until there are enough bytes for a preview, or no more. */
async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < PREVIEW_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}

/** The head, and then the rest as it is asked for. */
function following(
  head: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(head),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
