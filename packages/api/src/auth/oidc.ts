// Signing in at an OpenID provider: the authorization code flow with PKCE, state and nonce.

import type { ApiSession, Clock } from "@memodag/core";
import { isLoopback, MemodagError, messageOf } from "@memodag/core";
import type * as OpenIdClient from "openid-client";
import { ApiProblem } from "../problem.ts";

/** The provider, as the config names it. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client. */
  readonly clientSecret?: string | undefined;
  /** Separated by spaces. */
  readonly scopes: string;
  /** The claim of the ID token that lists the groups of a person. */
  readonly groupsClaim: string;
}

/** The memory of a sign-in that has begun; a browser keeps it, sealed. */
export interface OidcFlow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Milliseconds since the Unix epoch. */
  readonly until: number;
}

/** Milliseconds in which a person signs in at the provider. */
export const FLOW_VALID_MS = 600_000;

/** Signs people in. */
export class OidcSignIn {
  readonly #settings: OidcSettings;
  readonly #clock: Pick<Clock, "now">;
  #client: Promise<OpenIdClient.Configuration> | undefined;

  /** @throws MemodagError `config_invalid` for an issuer that is asked without TLS */
  constructor(settings: OidcSettings, clock: Pick<Clock, "now">) {
    const { protocol, hostname } = new URL(settings.issuer);
    if (protocol !== "https:" && !isLoopback(hostname))
      throw new MemodagError(
        "config_invalid",
        `[api_oidc] issuer = "${settings.issuer}" is asked without TLS: use its https URL`,
      );
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Returns where a browser goes, and what it keeps until it comes back to `callback`. @throws ApiProblem 503 */
  async begin(callback: string): Promise<{ readonly url: URL; readonly flow: OidcFlow }> {
    const { oidc, client } = await this.#open();
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(client, {
      redirect_uri: callback,
      scope: this.#settings.scopes,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    return { url, flow: { state, nonce, verifier, until: this.#clock.now() + FLOW_VALID_MS } };
  }

  /**
   * Returns who came back.
   * @param address of the request, below `callback`
   * @throws ApiProblem 401 if the provider does not vouch for them, 503 if it cannot be asked
   */
  async end(address: URL, { state, nonce, verifier, until }: OidcFlow): Promise<ApiSession> {
    if (until <= this.#clock.now()) throw refused("it took too long");
    const { oidc, client } = await this.#open();
    let claims: Readonly<Record<string, unknown>> | undefined;
    try {
      const tokens = await oidc.authorizationCodeGrant(client, address, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      claims = tokens.claims();
    } catch (error) {
      if (error instanceof TypeError) throw unreachable(error);
      throw refused(messageOf(error));
    }
    const subject = claims?.["sub"];
    if (typeof subject !== "string" || subject === "") throw refused("its answer names no subject");
    const groups = claims?.[this.#settings.groupsClaim];
    const names = [claims?.["name"], claims?.["preferred_username"], claims?.["email"], subject];
    return {
      kind: "principal",
      subject,
      name: names.find((name) => typeof name === "string" && name !== "") as string,
      groups: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
    };
  }

  /** Reads what the provider says of itself, once; after a failure again. Loaded only where there is a provider. */
  async #open(): Promise<{ oidc: typeof OpenIdClient; client: OpenIdClient.Configuration }> {
    const oidc = await import("openid-client");
    const { issuer, clientId, clientSecret } = this.#settings;
    this.#client ??= oidc.discovery(
      new URL(issuer),
      clientId,
      undefined,
      clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret),
      { execute: issuer.startsWith("http:") ? [oidc.allowInsecureRequests] : [] },
    );
    try {
      return { oidc, client: await this.#client };
    } catch (error) {
      this.#client = undefined;
      throw unreachable(error);
    }
  }
}

function refused(why: string): ApiProblem {
  return new ApiProblem(401, "api_not_signed_in", `The provider did not sign you in (${why}): try again`);
}

function unreachable(error: unknown): ApiProblem {
  return new ApiProblem(
    503,
    "api_not_signed_in",
    `The provider of [api_oidc] issuer cannot be asked (${messageOf(error)}): try again later`,
    { headers: { "retry-after": "5" } },
  );
}
