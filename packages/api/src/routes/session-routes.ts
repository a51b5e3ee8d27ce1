// Signing in and out, and who is signed in.

import { OWN_ROUTES, type SessionReport } from "@memodag/api-contract";
import { sha256, type ApiSession, type Digest } from "@memodag/core";
import type { Context, Hono } from "hono";
import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import {
  deleteSessionCookie,
  readSessionSecret,
  refuseForeignActs,
  setSessionCookie,
} from "../auth/session-cookie.ts";
import { answerJson } from "../json-answer.ts";
import { toMe, type Principal } from "../principal.ts";
import { ApiProblem } from "../problem.ts";
import { InputReader } from "../read-input.ts";
import { toPattern } from "./operation-routes.ts";

const SECRET_BYTES = 32;

/** Adds the routes. */
export function addSessionRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { authenticator, isHttps } = parts;
  const open = OWN_ROUTES["session.open"];
  const codeReader = new InputReader<{ code: string }>(open, open.body ?? z.never());
  app.get(toPattern(OWN_ROUTES["session.show"].path), async (c) =>
    answerJson(c, toReport(await authenticator.findPrincipal(c), parts), true),
  );
  app.post(toPattern(open.path), async (c) => {
    const { code } = await codeReader.read(c, open.path);
    const person = parts.codes.read(code);
    const session = person && {
      kind: "os_user" as const,
      subject: person.name,
      name: person.name,
      groups: [],
    };
    if (session && (await openSession(c, session, person.digest, parts))) {
      c.header("cache-control", "no-store");
      return c.json(toReport(authenticator.principalOfSession(session), parts));
    }
    authenticator.countFailure(c);
    throw new ApiProblem(
      401,
      "api_not_signed_in",
      "The link has expired or was used before: run `memodag ui` for another one",
    );
  });
  app.delete(toPattern(OWN_ROUTES["session.close"].path), async (c) => {
    refuseForeignActs(c.req);
    const secret = readSessionSecret(c, isHttps);
    if (secret !== undefined) await parts.sessions.close(sha256(secret));
    deleteSessionCookie(c, isHttps);
    return c.body(null, 204);
  });
}

/** Signs a browser in. Returns false if the code was used before. */
export async function openSession(
  c: Context,
  session: ApiSession,
  codeDigest: Digest,
  { sessions, sessionMs, isHttps }: ApiParts,
): Promise<boolean> {
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  const opened = { ...session, secretDigest: sha256(secret), codeDigest, validForMs: sessionMs };
  if (!(await sessions.open(opened))) return false;
  setSessionCookie(c, secret, isHttps, sessionMs);
  return true;
}

/** Strangers are told how to sign in, and nothing else. */
function toReport(principal: Principal | undefined, { teams, version, oidc }: ApiParts): SessionReport {
  const auth = oidc ? "oidc" : "local";
  if (!principal) return { auth, me: null, teams: [], version: null };
  const { grants } = principal;
  const readable = teams().filter((team) =>
    grants.some((grant) => grant.team === null || grant.team === team),
  );
  return { auth, me: toMe(principal), teams: readable, version };
}
