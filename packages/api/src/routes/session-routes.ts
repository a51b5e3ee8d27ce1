// Signing in and out, and what the server says of itself.

import { me, OWN_ROUTES } from "@memodag/api-contract";
import { sha256, type ApiGrant } from "@memodag/core";
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { cookieName } from "../auth/authenticator.ts";
import { toMe } from "../principal.ts";
import { answerJson } from "../json-answer.ts";
import { ApiProblem } from "../problem.ts";
import { InputReader } from "../read-input.ts";
import { toPattern } from "./operation-routes.ts";

const SECRET_BYTES = 32;

/** The person of a machine who can read its secret may do everything. */
const LOCAL_GRANTS: readonly ApiGrant[] = [{ team: null, role: "admin" }];

/** Adds the routes. */
export function addSessionRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { authenticator, credentials, isHttps, document } = parts;
  const open = OWN_ROUTES["session.open"];
  const codeReader = new InputReader<{ code: string }>(open, open.body ?? z.never());
  app.get(toPattern(OWN_ROUTES["api.health"].path), (c) => answerJson(c, { ok: true }, false));
  app.get(toPattern(OWN_ROUTES["api.ready"].path), async (c) => {
    await parts.ready();
    return answerJson(c, { ok: true }, false);
  });
  app.get(toPattern(OWN_ROUTES["api.document"].path), (c) => answerJson(c, document, false));
  app.get(toPattern(OWN_ROUTES["api.me"].path), async (c) =>
    answerJson(c, toMe(await authenticator.principalOf(c)), true),
  );
  app.post(toPattern(open.path), async (c) => {
    const { code } = await codeReader.read(c, open.path);
    return await signIn(c, code, parts);
  });
  app.delete(toPattern(OWN_ROUTES["session.close"].path), async (c) => {
    await authenticator.principalOf(c);
    const name = cookieName(isHttps);
    const secret = getCookie(c, name);
    if (secret !== undefined) await credentials.apiSessions.close(sha256(secret));
    deleteCookie(c, name, { path: "/", secure: isHttps });
    return c.body(null, 204);
  });
}

async function signIn(
  c: Context<ApiEnv>,
  code: string,
  { codes, credentials, sessionMs, isHttps }: ApiParts,
): Promise<Response> {
  const person = codes.read(code);
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  const session = person && {
    name: person.name,
    grants: LOCAL_GRANTS,
    secretDigest: sha256(secret),
    codeDigest: person.digest,
    validForMs: sessionMs,
  };
  if (!session || !(await credentials.apiSessions.open(session))) {
    throw new ApiProblem(
      401,
      "api_not_signed_in",
      "The link has expired or was used before: run `memodag ui` for another one",
    );
  }
  setCookie(c, cookieName(isHttps), secret, {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: isHttps,
    maxAge: Math.floor(sessionMs / 1000),
  });
  const { name, grants } = session;
  return c.json(me.parse({ kind: "session", name, hasValues: true, grants }));
}
