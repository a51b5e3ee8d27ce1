// Routes of the server: whether it runs, who asks, the document of its routes, and what the installation lacks.

import { OWN_ROUTES, type DoctorReport } from "@memodag/api-contract";
import type { Hono } from "hono";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
import { answerJson } from "../json-answer.ts";
import { toMe } from "../principal.ts";
import { toPattern } from "./operation-routes.ts";

/** Adds the routes. */
export function addServerRoutes(
  app: Hono<ApiEnv>,
  { authenticator, document, ready, examine }: ApiParts,
): void {
  app.get(toPattern(OWN_ROUTES["api.health"].path), (c) => answerJson(c, { ok: true }, false));
  app.get(toPattern(OWN_ROUTES["api.ready"].path), async (c) => {
    await ready();
    return answerJson(c, { ok: true }, false);
  });
  app.get(toPattern(OWN_ROUTES["api.document"].path), (c) => answerJson(c, document, false));
  app.get(toPattern(OWN_ROUTES["api.me"].path), async (c) =>
    answerJson(c, toMe(await authenticator.principalOf(c)), true),
  );
  // It starts processes: those who ask meanwhile get the answer of the one that runs.
  let examining: Promise<DoctorReport> | undefined;
  app.get(toPattern(OWN_ROUTES["api.doctor"].path), async (c) => {
    authorize(await authenticator.principalOf(c), { role: "admin", team: null, hasValues: false });
    examining ??= examine().finally(() => {
      examining = undefined;
    });
    return answerJson(c, await examining, true);
  });
}
