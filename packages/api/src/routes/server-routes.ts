// Routes of the server: whether it runs, who asks, and the document of its routes.

import { OWN_ROUTES } from "@memodag/api-contract";
import type { Hono } from "hono";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { answerJson } from "../json-answer.ts";
import { toMe } from "../principal.ts";
import { toPattern } from "./operation-routes.ts";

/** Adds the routes. */
export function addServerRoutes(app: Hono<ApiEnv>, { authenticator, document, ready }: ApiParts): void {
  app.get(toPattern(OWN_ROUTES["api.health"].path), (c) => answerJson(c, { ok: true }, false));
  app.get(toPattern(OWN_ROUTES["api.ready"].path), async (c) => {
    await ready();
    return answerJson(c, { ok: true }, false);
  });
  app.get(toPattern(OWN_ROUTES["api.document"].path), (c) => answerJson(c, document, false));
  app.get(toPattern(OWN_ROUTES["api.me"].path), async (c) =>
    answerJson(c, toMe(await authenticator.principalOf(c)), true),
  );
}
