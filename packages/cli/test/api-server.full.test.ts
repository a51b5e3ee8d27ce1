// The REST API on a real socket: who it answers, what it takes, and what it sends while things happen.

import { readdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { API_PREFIX, type ApiProblemBody, type SessionReport } from "@memodag/api-contract";
import { createClient, MemodagApiError, type Client } from "@memodag/client";
import type { RunReport } from "@memodag/operations/runs";
import type { MadeApiToken } from "@memodag/operations/tokens";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withApi } from "./project-api.ts";
import { Project } from "./project.ts";

let project: Project;
let runId: string;
let token: string;

beforeAll(async () => {
  project = new Project();
  ({ runId } = await project.json<RunReport>("dags", "run", "shapes"));
  ({ token } = await project.json<MadeApiToken>("tokens", "make", "--name", "ci", "--role", "admin"));
});
afterAll(() => project.remove());

interface Api {
  readonly url: string;
  readonly client: Client;
  /** Asks with the token. */
  ask(path: string, options?: RequestInit): Promise<Response>;
  /** The code of a link that signs in, once. */
  code(): string;
}

async function withAsked(work: (api: Api) => Promise<void>): Promise<void> {
  await withApi(project, async ({ url, signInLink }) => {
    await work({
      url,
      client: createClient({ baseUrl: url, token }),
      ask: async (path, { headers, ...options } = {}) =>
        await fetch(`${url}${API_PREFIX}${path}`, {
          ...options,
          headers: { authorization: `Bearer ${token}`, ...headers },
        }),
      code: () => signInLink("ada").split("#in=")[1] ?? "",
    });
  });
}

const JSON_BODY = { "content-type": "application/json" };
const run = (): string => `/teams/default/dags/shapes/runs/${encodeURIComponent(runId)}`;

async function problemOf(answer: Response): Promise<ApiProblemBody> {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  return (await answer.json()) as ApiProblemBody;
}

describe("signing in", () => {
  async function signIn(url: string, code: string): Promise<Response> {
    return await fetch(`${url}${API_PREFIX}/session`, {
      method: "POST",
      headers: JSON_BODY,
      body: JSON.stringify({ code }),
    });
  }

  async function sessionOf(url: string, headers: Record<string, string> = {}): Promise<SessionReport> {
    return (await (await fetch(`${url}${API_PREFIX}/session`, { headers })).json()) as SessionReport;
  }

  const STRANGER = { auth: "local", me: null, teams: [], version: null };

  it("takes a code once, and gives a cookie that scripts cannot read and other sites do not send", async () => {
    await withAsked(async ({ url, code }) => {
      expect(await sessionOf(url)).toEqual(STRANGER);
      const one = code();
      const answer = await signIn(url, one);
      expect(answer.status).toBe(200);
      const grants = [{ team: null, role: "admin" }];
      const me = { kind: "session", id: "os_user:ada", name: "ada", hasValues: true, grants };
      const ada = { auth: "local", me, teams: ["default"], version: "0.1.0" };
      expect(await answer.json()).toEqual(ada);
      const cookie = answer.headers.get("set-cookie") ?? "";
      expect(cookie).toMatch(/^memodag_session=[\w-]{43}; Max-Age=900; Path=\/; HttpOnly; SameSite=Strict$/);
      expect((await signIn(url, one)).status).toBe(401);
      expect((await signIn(url, `${one}x`)).status).toBe(401);
      const session = { cookie: cookie.split(";")[0] ?? "" };
      expect(await sessionOf(url, session)).toEqual(ada);
      expect(await (await fetch(`${url}${API_PREFIX}/me`, { headers: session })).json()).toEqual(me);
      expect(await sessionOf(url, { cookie: "memodag_session=AAAA" })).toEqual(STRANGER);
    });
  });

  it("acts from its own pages alone, until it signs out", async () => {
    await withAsked(async ({ url, code }) => {
      const answer = await signIn(url, code());
      const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
      const pause = async (headers: Record<string, string>) =>
        await fetch(`${url}${API_PREFIX}/teams/default/dags/shapes`, {
          method: "PATCH",
          headers: { ...JSON_BODY, cookie, ...headers },
          body: '{"isPaused":false}',
        });
      expect((await pause({ "sec-fetch-site": "same-origin" })).status).toBe(200);
      expect((await pause({ origin: url })).status).toBe(200);
      for (const foreign of [
        {},
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "https://evil.example" },
      ])
        expect((await pause(foreign)).status).toBe(403);
      const signOut = async (site: string) =>
        await fetch(`${url}${API_PREFIX}/session`, {
          method: "DELETE",
          headers: { cookie, "sec-fetch-site": site },
        });
      expect((await signOut("cross-site")).status).toBe(403);
      expect(await sessionOf(url, { cookie })).toMatchObject({ me: { name: "ada" } });
      expect((await signOut("same-origin")).status).toBe(204);
      expect(await sessionOf(url, { cookie })).toEqual(STRANGER);
      expect((await fetch(`${url}${API_PREFIX}/me`, { headers: { cookie } })).status).toBe(401);
      const [last] = await project.json<{ actor: object }[]>("audit", "ls", "--limit", "1");
      expect(last?.actor).toMatchObject({ kind: "os_user", name: "ada" });
    });
  });
});

describe("a token", () => {
  interface Listed {
    readonly id: string;
    readonly usedAt: string | null;
  }

  it("counts as used by those alone who have its secret", async () => {
    const { id, token: own } = await project.json<MadeApiToken>("tokens", "make", "--name", "seldom");
    const usedAt = async () =>
      (await project.json<Listed[]>("tokens", "ls")).find((each) => each.id === id)?.usedAt;
    await withApi(project, async ({ url }) => {
      const ask = async (sent: string) =>
        await fetch(`${url}${API_PREFIX}/me`, { headers: { authorization: `Bearer ${sent}` } });
      expect((await ask(`mdg_${id}_${"A".repeat(43)}`)).status).toBe(401);
      expect(await usedAt()).toBeNull();
      expect(await (await ask(own)).json()).toMatchObject({ id, name: "seldom" });
      expect(await usedAt()).not.toBeNull();
    });
  });

  it("is told from others of its name: in the audit trail, by its keys and by its cursors", async () => {
    const make = async () =>
      await project.json<MadeApiToken>("tokens", "make", "--name", "same", "--role", "admin");
    const [one, other] = [await make(), await make()];
    await withApi(project, async ({ url }) => {
      const of = ({ token: own }: MadeApiToken) => createClient({ baseUrl: url, token: own });
      const [client, second] = [of(one), of(other)];
      const input = { team: "default", dagId: "shapes" };
      const key = { idempotencyKey: "once" };
      const made = await client.dags.trigger(input, key);
      expect((await second.dags.trigger(input, key)).runId).not.toBe(made.runId);
      const { next } = await client.runs.list({ limit: 1 });
      await expect(second.runs.list({ limit: 1, after: next ?? "" })).rejects.toMatchObject({
        code: "cursor_invalid",
      });
      const { items } = await client.audit.list({ limit: 2 });
      expect(items.map(({ actor }) => actor.name)).toEqual([
        `token same (${other.id})`,
        `token same (${one.id})`,
      ]);
    });
  });

  it("has a name that fits into the audit trail", async () => {
    const { code, stderr } = await project.run("tokens", "make", "--name", "x".repeat(101));
    expect([code, stderr]).toEqual([2, expect.stringContaining("has 1 to 100 characters")]);
  });
});

describe("a request", () => {
  it("is refused under a name that is not the server's", async () => {
    await withAsked(async ({ url }) => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        request(`${url}${API_PREFIX}/health`, { headers: { host: "evil.example" } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on("error", reject)
          .end();
      });
      expect(status).toBe(421);
    });
  });

  it.each([
    ["that is not JSON", { headers: JSON_BODY, body: "{" }, 400],
    ["of another type", { headers: { "content-type": "text/plain" }, body: "{}" }, 415],
    ["that is a list", { headers: JSON_BODY, body: "[]" }, 422],
    ["with an unknown field", { headers: JSON_BODY, body: '{"colour":1}' }, 422],
    ["with a field of the path", { headers: JSON_BODY, body: '{"dagId":"other"}' }, 422],
    ["that is too large", { headers: JSON_BODY, body: `{"conf":{"a":"${"x".repeat(2 ** 20)}"}}` }, 413],
  ])("has a body %s", async (_, body, status) => {
    await withAsked(async ({ ask }) => {
      const answer = await ask("/teams/default/dags/shapes/runs", { method: "POST", ...body });
      expect(answer.status).toBe(status);
      expect(await problemOf(answer)).toMatchObject({
        status,
        instance: expect.stringMatching(/^urn:uuid:/),
      });
    });
  });

  it("has query fields that are none of the input, or not of its type", async () => {
    await withAsked(async ({ ask }) => {
      for (const [query, pointer] of [
        ["limit=x", "/limit"],
        ["limit=1&limit=2", "/limit"],
        ["after=AAAA", "/after"],
      ] as const) {
        const answer = await ask(`/runs?${query}`);
        expect(await problemOf(answer)).toMatchObject({ status: 422, errors: [{ pointer }] });
      }
      expect((await ask("/runs?colour=1")).status).toBe(422);
      expect((await ask("/no/such/route")).status).toBe(404);
    });
  });

  it("gets 304 for what it has", async () => {
    await withAsked(async ({ ask }) => {
      const first = await ask(run());
      const etag = first.headers.get("etag") ?? "";
      expect(first.headers.get("cache-control")).toBe("private, no-cache");
      const again = await ask(run(), { headers: { "if-none-match": etag } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      expect((await ask(run(), { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    });
  });

  it("is answered with headers that let a browser run nothing but the server's own", async () => {
    await withAsked(async ({ ask }) => {
      const { headers } = await ask("/me");
      expect(headers.get("content-security-policy")).toContain("require-trusted-types-for 'script'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("access-control-allow-origin")).toBeNull();
    });
  });
});

describe("a trigger with an idempotency key", () => {
  it("makes one run, however often it is sent, and another one with another key", async () => {
    await withAsked(async ({ client }) => {
      const input = { team: "default", dagId: "shapes", params: { sides: 5 } };
      const key = { idempotencyKey: "deploy 17" };
      const made = await Promise.all([1, 2, 3].map(async () => await client.dags.trigger(input, key)));
      expect(new Set(made.map((one) => one.runId)).size).toBe(1);
      const other = await client.dags.trigger(input, { idempotencyKey: "deploy 18" });
      expect(other.runId).not.toBe(made[0]?.runId);
      const reused = client.dags.trigger({ ...input, params: { sides: 6 } }, key);
      await expect(reused).rejects.toMatchObject({ code: "request_key_reused", status: 422 });
    });
  });
});

describe("the log of an attempt", () => {
  const log = (): string => `${run()}/tasks/sum/-1/attempts/1/log`;

  it("is read whole, and by range", async () => {
    await withAsked(async ({ ask }) => {
      const whole = await ask(log());
      const text = await whole.text();
      expect([whole.status, text.length > 0]).toEqual([200, true]);
      const end = await ask(log(), { headers: { range: "bytes=-5" } });
      expect([end.status, await end.text()]).toEqual([206, text.slice(-5)]);
      expect(end.headers.get("content-range")).toBe(
        `bytes ${text.length - 5}-${text.length - 1}/${text.length}`,
      );
      const none = await ask(log(), { headers: { range: `bytes=${text.length}-` } });
      expect([none.status, none.headers.get("content-range")]).toEqual([416, `bytes */${text.length}`]);
    });
  });

  it("is followed to its end, from any byte", async () => {
    await withAsked(async ({ ask }) => {
      const text = await (await ask(log())).text();
      const events = await (await ask(`${log()}/stream`, { headers: { "last-event-id": "3" } })).text();
      const pieces = [...events.matchAll(/^data: (\{"text".*\})$/gm)].map(
        ([, data = ""]) => (JSON.parse(data) as { text: string }).text,
      );
      expect(pieces.join("")).toBe(text.slice(3));
      expect(events).toContain(`event: end\nid: ${Buffer.byteLength(text)}\n`);
    });
  });
});

it("names runs as they change", async () => {
  await withAsked(async ({ ask, client }) => {
    const answer = await ask("/events?dagId=shapes");
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let said = (await reader?.read())?.value ?? "";
    // The first look is how things are; what is made after it is news.
    await expect
      .poll(async () => {
        const { runId: made } = await client.dags.trigger({ team: "default", dagId: "shapes" });
        const { value = "" } = (await reader?.read()) ?? {};
        said += value;
        return said.includes(made);
      })
      .toBe(true);
    expect(said).toMatch(/^event: run\ndata: \{"team":"default","dagId":"shapes"/m);
    await reader?.cancel();
  });
});

describe("the bytes of an entry", () => {
  const PIXEL =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const DAG = `import { Dag, getContext } from "memodag";
export const saving = new Dag("saving");
saving.task("save", async () => {
  const { jobCache } = getContext();
  await jobCache.save("pixel", Buffer.from("${PIXEL}", "base64"));
  await jobCache.save("page.html", "<script>alert(1)</script>");
  await jobCache.save("long", "x".repeat(200_000));
})();
`;
  let savingId: string;
  beforeAll(async () => {
    writeFileSync(join(project.folder, "dags/saving.ts"), DAG);
    ({ runId: savingId } = await project.json<RunReport>("dags", "run", "saving"));
  });

  it.each([
    ["pixel", "image/png", Buffer.from(PIXEL, "base64").length],
    ["page.html", "application/octet-stream", 25],
    ["long", "application/octet-stream", 65_536],
  ])("%s is %s of %i bytes, and is not run", async (key, type, length) => {
    await withAsked(async ({ ask }) => {
      const path = `/teams/default/dags/saving/runs/${encodeURIComponent(savingId)}/entries/${key}/preview`;
      const answer = await ask(path);
      expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
      expect(answer.headers.get("content-disposition")?.startsWith("attachment")).toBe(
        type === "image/png" ? undefined : true,
      );
      expect((await answer.arrayBuffer()).byteLength).toBe(length);
    });
  });

  it("are closed when a request wants the headers alone", async () => {
    await withAsked(async ({ ask }) => {
      const openFiles = () => readdirSync("/proc/self/fd").length;
      const before = openFiles();
      for (let count = 0; count < 60; count += 1) {
        const key = count % 2 === 0 ? "pixel/preview" : "long/content";
        const path = `/teams/default/dags/saving/runs/${encodeURIComponent(savingId)}/entries/${key}`;
        const answer = await ask(path, { method: "HEAD" });
        expect([answer.status, await answer.text()]).toEqual([200, ""]);
      }
      expect(openFiles() - before).toBeLessThan(30);
    });
  });
});

it("answers an operation that takes long when it has begun, and says later how it ended", async () => {
  await withAsked(async ({ client }) => {
    const { id } = await client.cache.gc();
    await expect.poll(async () => (await client.audit.show({ id })).outcome).toMatchObject({ kind: "done" });
  });
});

it("has a client whose errors are those of the command line", async () => {
  await withAsked(async ({ client, url }) => {
    const error: unknown = await client.dags
      .show({ team: "default", dagId: "shaped" })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(MemodagApiError);
    expect(error).toMatchObject({ code: "dag_not_found", status: 404, fields: { dagId: "shaped" } });
    const foreign = createClient({ baseUrl: `${url}/elsewhere`, token });
    await expect(foreign.runs.list()).rejects.toMatchObject({ status: 404 });
    expect((await client.runs.list({ limit: 1 })).items).toHaveLength(1);
  });
});

it("refuses more requests than it can bear, and says when to come again", async () => {
  await withApi(
    project,
    async ({ url }) => {
      const ask = async () =>
        await fetch(`${url}${API_PREFIX}/me`, { headers: { authorization: "Bearer no" } });
      const answers = await Promise.all(Array.from({ length: 5 }, ask));
      expect(answers.map(({ status }) => status).sort()).toEqual([401, 401, 429, 429, 429]);
      const refused = answers.find(({ status }) => status === 429);
      expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    },
    { failuresPerMinute: 2 },
  );
});
