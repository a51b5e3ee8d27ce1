// People who sign in at an OpenID provider, and what the config grants them.

import { API_PREFIX, type SessionReport } from "@memodag/api-contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startOpenIdIssuer, type OpenIdIssuer } from "./openid-issuer.ts";
import { withApi } from "./project-api.ts";
import { Project } from "./project.ts";

const GRANTS = [
  { group: "bees-people", team: "bees", role: "viewer" },
  { subject: "42", team: "ants", role: "operator" },
] as const;

describe("signing in at an OpenID provider", () => {
  let issuer: OpenIdIssuer;
  let project: Project;

  beforeAll(async () => {
    issuer = await startOpenIdIssuer();
    const bundle = (team: string) => `[[bundles]]\nname = "${team}"\npath = "dags"\nteam = "${team}"\n`;
    project = new Project(`core.multi_team = true\n${bundle("ants")}${bundle("bees")}`);
    await project.run("db", "migrate");
  });
  afterAll(() => {
    issuer.close();
    project.remove();
  });
  beforeEach(() => {
    issuer.claims = { sub: "42", name: "Ada", groups: ["bees-people", "others"] };
  });

  async function asked(work: (url: string) => Promise<void>): Promise<void> {
    const { url: address, clientId, clientSecret } = issuer;
    const oidc = { issuer: address, clientId, clientSecret, scopes: "openid profile", groupsClaim: "groups" };
    await withApi(project, async ({ url }) => await work(url), undefined, { oidc, grants: () => GRANTS });
  }

  const goTo = async (url: string, cookie = "") =>
    await fetch(url, { redirect: "manual", headers: { cookie } });
  const cookieOf = (answer: Response, name: string) =>
    answer.headers
      .getSetCookie()
      .find((each) => each.startsWith(`${name}=`))
      ?.split(";")[0] ?? "";

  /** Goes to the provider and comes back to the address that it names. */
  async function goThere(url: string): Promise<{ back: string; cookie: string }> {
    const begun = await goTo(`${url}${API_PREFIX}/session/oidc`);
    expect(begun.status).toBe(302);
    expect(begun.headers.get("set-cookie")).toMatch(
      /^memodag_sign_in=[\w-]+; Max-Age=600; Path=\/api\/v1\/session\/oidc; HttpOnly; SameSite=Lax$/,
    );
    const there = await goTo(begun.headers.get("location") ?? "");
    return { back: there.headers.get("location") ?? "", cookie: cookieOf(begun, "memodag_sign_in") };
  }

  async function sessionOf(url: string, cookie: string): Promise<SessionReport> {
    return (await (
      await fetch(`${url}${API_PREFIX}/session`, { headers: { cookie } })
    ).json()) as SessionReport;
  }

  it("gives a session with the roles of the config, for the same browser and once", async () => {
    await asked(async (url) => {
      expect(await sessionOf(url, "")).toMatchObject({ auth: "oidc", me: null });
      const { back, cookie } = await goThere(url);
      expect((await goTo(back)).status).toBe(401);
      const home = await goTo(back, cookie);
      expect([home.status, home.headers.get("location")]).toEqual([302, "/"]);
      const session = cookieOf(home, "memodag_session");
      expect(home.headers.getSetCookie().join()).toMatch(
        /memodag_session=[\w-]+; .*HttpOnly; SameSite=Strict/,
      );
      expect(await sessionOf(url, session)).toMatchObject({
        auth: "oidc",
        me: {
          kind: "session",
          id: "principal:42",
          name: "Ada",
          grants: [
            { team: "bees", role: "viewer" },
            { team: "ants", role: "operator" },
          ],
        },
        teams: ["ants", "bees"],
      });
      expect((await goTo(back, cookie)).status).toBe(401);
      const ask = async (path: string) =>
        (await fetch(`${url}${API_PREFIX}${path}`, { headers: { cookie: session } })).status;
      expect(await ask("/teams/bees/runs")).toBe(200);
      expect(await ask("/runs")).toBe(403);
      expect(await ask("/teams/others/runs")).toBe(404);
    });
  });

  it("gives those whom no grant names a session that sees nothing", async () => {
    issuer.claims = { sub: "7" };
    await asked(async (url) => {
      const { back, cookie } = await goThere(url);
      const session = cookieOf(await goTo(back, cookie), "memodag_session");
      expect(await sessionOf(url, session)).toMatchObject({ me: { name: "7", grants: [] }, teams: [] });
      const answer = await fetch(`${url}${API_PREFIX}/teams/bees/runs`, { headers: { cookie: session } });
      expect(answer.status).toBe(404);
      for (const path of ["/processes", "/cache/switch", "/cache/health"])
        expect((await fetch(`${url}${API_PREFIX}${path}`, { headers: { cookie: session } })).status).toBe(
          403,
        );
    });
  });

  it("does not ask the provider for an address that has failed too often", async () => {
    const { url: address, clientId, clientSecret } = issuer;
    const oidc = { issuer: address, clientId, clientSecret, scopes: "openid profile", groupsClaim: "groups" };
    const limits = { readsPerSecond: 10_000, actsPerMinute: 100_000, failuresPerMinute: 3 };
    await withApi(
      project,
      async ({ url }) => {
        // Those who succeed are not counted.
        for (let count = 0; count < 4; count += 1) {
          const { back, cookie } = await goThere(url);
          expect((await goTo(back, cookie)).status).toBe(302);
        }
        const { back, cookie } = await goThere(url);
        const wrong = back.replace(/code=[^&]+/, "code=wrong");
        const before = issuer.tokenRequests;
        const answers: number[] = [];
        for (let count = 0; count < 6; count += 1) answers.push((await goTo(wrong, cookie)).status);
        expect(answers).toEqual([401, 401, 401, 429, 429, 429]);
        expect(issuer.tokenRequests - before).toBe(3);
      },
      limits,
      { oidc, grants: () => GRANTS },
    );
  });

  it.each([
    ["another nonce", { nonce: "another" }],
    ["another audience", { aud: "another" }],
    ["no subject", { sub: undefined }],
  ])("is refused for an ID token with %s", async (_, claims) => {
    issuer.claims = { ...issuer.claims, ...claims };
    await asked(async (url) => {
      const { back, cookie } = await goThere(url);
      expect((await goTo(back, cookie)).status).toBe(401);
    });
  });

  it("is refused with the state of another sign-in, and with an error of the provider", async () => {
    await asked(async (url) => {
      const [one, other] = [await goThere(url), await goThere(url)];
      expect((await goTo(one.back, other.cookie)).status).toBe(401);
      const failed = await goTo(
        `${url}${API_PREFIX}/session/oidc/callback?error=access_denied`,
        other.cookie,
      );
      expect(failed.status).toBe(401);
    });
  });

  it("says that the provider cannot be asked, and works again when it can", async () => {
    const away = { ...issuer, url: "http://127.0.0.1:9" };
    await withApi(
      project,
      async ({ url }) => {
        const answer = await goTo(`${url}${API_PREFIX}/session/oidc`);
        expect(answer.status).toBe(503);
        expect(((await answer.json()) as { detail: string }).detail).toContain(
          "[api_oidc] issuer cannot be asked",
        );
      },
      undefined,
      { oidc: { issuer: away.url, clientId: "memodag", scopes: "openid", groupsClaim: "groups" } },
    );
  });

  it("is not there without a provider", async () => {
    await withApi(project, async ({ url }) => {
      expect((await goTo(`${url}${API_PREFIX}/session/oidc`)).status).toBe(404);
      expect(await sessionOf(url, "")).toMatchObject({ auth: "local" });
    });
  });
});
