// A small OpenID provider for tests: whoever asks is signed in as the person that it is given.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash, randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** A provider that listens. */
export interface OpenIdIssuer {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claims of the next ID token, in place of and beside the right ones. */
  claims: Record<string, unknown>;
  close(): void;
  /** Requests for tokens since it was started. */
  tokenRequests: number;
}

interface Begun {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** Starts one. */
export async function startOpenIdIssuer(): Promise<OpenIdIssuer> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const key = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" };
  const begun = new Map<string, Begun>();
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? "/", issuer.url)).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });

    async function answer({ pathname, searchParams: query }: URL): Promise<void> {
      if (pathname === "/.well-known/openid-configuration")
        return json({
          issuer: issuer.url,
          authorization_endpoint: `${issuer.url}/authorize`,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/jwks`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        });
      if (pathname === "/jwks") return json({ keys: [key] });
      if (pathname === "/authorize") {
        const redirectUri = query.get("redirect_uri") ?? "";
        const code = randomUUID();
        begun.set(code, {
          redirectUri,
          nonce: query.get("nonce") ?? "",
          challenge: query.get("code_challenge") ?? "",
        });
        const back = new URL(redirectUri);
        back.searchParams.set("code", code);
        back.searchParams.set("state", query.get("state") ?? "");
        response.writeHead(302, { location: back.href }).end();
        return;
      }
      issuer.tokenRequests += 1;
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const form = new URLSearchParams(body);
      const code = form.get("code") ?? "";
      const known = begun.get(code);
      begun.delete(code);
      const challenge = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      const isRight =
        known?.challenge === challenge &&
        known.redirectUri === form.get("redirect_uri") &&
        form.get("client_secret") === issuer.clientSecret;
      if (!known || !isRight) return json({ error: "invalid_grant" }, 400);
      const token = await new SignJWT({ nonce: known.nonce, ...issuer.claims })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuer(issuer.url)
        .setAudience((issuer.claims["aud"] as string | undefined) ?? issuer.clientId)
        .setIssuedAt()
        .setExpirationTime("5m")
        .sign(privateKey);
      json({ access_token: "none", token_type: "Bearer", id_token: token });
    }

    function json(body: object, status = 200): void {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    }
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const issuer: OpenIdIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: "memodag",
    clientSecret: "sesame",
    claims: {},
    tokenRequests: 0,
    close: () => void server.close(),
  };
  return issuer;
}
