// The bytes of entries of job caches.

import { OWN_ROUTES } from "@memodag/api-contract";
import { readEntry } from "@memodag/operations/entries";
import type { Hono } from "hono";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
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

/** Adds the route. */
export function addEntryRoutes(app: Hono<ApiEnv>, { context, authenticator }: ApiParts): void {
  const content = OWN_ROUTES["entries.content"];
  const reader = new InputReader<EntryInput>(content, z.strictObject(content.parameters));
  app.get(toPattern(content.path), async (c) => {
    const team = c.req.param("team") ?? "";
    authorize(await authenticator.principalOf(c), { role: "viewer", team, hasValues: true });
    const { entry, bytes } = await readEntry(context, await reader.read(c, content.path));
    return new Response(bytes, {
      headers: {
        "content-type": content.type,
        "content-length": String(entry.sizeBytes),
        etag: `"${entry.digest}"`,
        "cache-control": "private, no-store",
        // A task chose the bytes: a browser saves them, and shows nothing of them.
        "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(entry.key.split("/").at(-1) ?? "entry")}`,
        "content-security-policy": "sandbox; default-src 'none'",
      },
    });
  });
}
