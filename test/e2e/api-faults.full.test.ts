// A real API server while its database is away, while it is killed, with logs and clients that are too large and too many.

import { createWriteStream, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { createTestDatabase, FreezingProxy } from "@memodag/metastore/testing";
import { CuttingProxy } from "@memodag/test-servers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import type { RunningCommand } from "./running-command.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const MIB = 2 ** 20;

const TALKING = `import { existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";
export const dag = new Dag("talking");
dag.task("talk", async () => {
  for (let line = 0; !existsSync("../go"); line += 1) {
    console.log(\`line \${line} \${"ä€𝄞".repeat(20)}\`);
    if (line === 10) writeFileSync("../started", "yes");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log("<script>alert(1)</script>\\u001b[31m red");
})();
`;

const HOSTILE = "<img src=x onerror=alert(1)>";

const SHORT = `import { Dag } from "memodag";
export const dag = new Dag("short");
dag.task("one", () => ${JSON.stringify(HOSTILE)})();
`;

let workspace: Workspace;
afterEach(async () => {
  await workspace.remove();
});

interface Api {
  readonly process: RunningCommand;
  ask(path: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>;
}

async function makeToken(): Promise<string> {
  const made = await workspace.json<{ token: string }>("tokens", "make", "--name", "t", "--role", "admin");
  return made.token;
}

async function startApi(token: string): Promise<Api> {
  const process = workspace.start("api-server");
  await process.says("the API listens");
  const [, url = ""] = /the API listens.* url=(\S+)/.exec(process.stderr) ?? [];
  return {
    process,
    ask: async (path, headers = {}, signal) =>
      await fetch(`${url}/api/v1${path}`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(signal && { signal }),
      }),
  };
}

const logOf = (dagId: string, runId: string, taskId: string): string =>
  `/teams/default/dags/${dagId}/runs/${encodeURIComponent(runId)}/tasks/${taskId}/-1/attempts/1/log`;

/** The path of the only log. */
function logFile(): string {
  const folder = workspace.path(".memodag/logs");
  const [path = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((each) =>
    each.endsWith(".log"),
  );
  return join(folder, path);
}

function memoryOf({ process: { pid } }: Api): { rss: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  return { rss: read("VmRSS"), peak: read("VmHWM") };
}

interface StreamEvent {
  readonly kind: string;
  readonly id: string;
  readonly data: string;
}

async function* eventsOf(answer: Response): AsyncGenerator<StreamEvent> {
  let rest = "";
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
      if (/^data: /m.test(block))
        yield { kind: field("event") || "message", id: field("id"), data: field("data") };
    }
  }
}

describe("an API that is killed", () => {
  it("loses no byte of a log that is followed, and names the end of the run to those who come again", async () => {
    workspace = new Workspace({ config: "[api]\nport = 0\n", dags: { "talking.ts": TALKING } });
    await workspace.memodag(["db", "migrate"]);
    const token = await makeToken();
    const dev = workspace.start("dev", "--no-ui");
    await dev.says("watching Dag files");
    const started = whenWritten(workspace.path("started"));
    const { runId } = await workspace.json<{ runId: string }>("dags", "trigger", "talking");
    await started;

    let text = "";
    let last = "0";
    const follow = async ({ ask }: Api, until: () => boolean): Promise<string> => {
      const answer = await ask(`${logOf("talking", runId, "talk")}/stream`, { "last-event-id": last });
      expect(answer.status).toBe(200);
      let kind = "";
      for await (const event of eventsOf(answer)) {
        ({ kind } = event);
        if (kind === "end") break;
        text += (JSON.parse(event.data) as { text: string }).text;
        last = event.id;
        if (until()) break;
      }
      return kind;
    };
    let api = await startApi(token);
    for (let kill = 1; kill <= 3; kill += 1) {
      const from = Number(last);
      await follow(api, () => Number(last) > from + 2_000);
      await api.process.end("SIGKILL");
      api = await startApi(token);
    }
    const stop = new AbortController();
    const events = await api.ask("/teams/default/events", {}, stop.signal);
    const ended = (async () => {
      for await (const { data } of eventsOf(events)) {
        const { runId: id, state } = JSON.parse(data) as { runId: string; state: string };
        if (id === runId && state === "success") return state;
      }
      return undefined;
    })();
    writeFileSync(workspace.path("go"), "");
    expect(await follow(api, () => false)).toBe("end");
    expect(await ended).toBe("success");
    stop.abort();
    const written = readFileSync(logFile(), "utf8");
    expect(written.length).toBeGreaterThan(6_000);
    expect(text === written).toBe(true);
    expect(Number(last)).toBe(Buffer.byteLength(written));
    // It is text for whoever opens it, and nothing of it runs.
    const log = await api.ask(logOf("talking", runId, "talk"));
    expect(Object.fromEntries(log.headers)).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
    });
    expect(await log.text()).toContain("<script>alert(1)</script>\u001b[31m red");
  });
});

describe("an API of a run that has ended", () => {
  async function begin(config = ""): Promise<{ api: Api; runId: string }> {
    workspace = new Workspace({ config: `[api]\nport = 0\n${config}`, dags: { "short.ts": SHORT } });
    const { runId } = await workspace.json<RunReport>("dags", "run", "short");
    return { api: await startApi(await makeToken()), runId };
  }

  it("answers the first and the last lines of a log of 1 GB at once, and streams it in little memory", async () => {
    const { api, runId } = await begin();
    const file = createWriteStream(logFile());
    const mebibyte = Buffer.from(`${"x".repeat(1_023)}\n`.repeat(1_024));
    for (let written = 0; written < 1_024; written += 1) if (!file.write(mebibyte)) await once(file, "drain");
    file.end();
    await once(file, "close");
    const path = logOf("short", runId, "one");
    await api.ask(path, { range: "bytes=0-0" });
    const before = memoryOf(api).rss;
    const timed = async (range: string): Promise<number> => {
      const beganAt = performance.now();
      const answer = await api.ask(path, { range });
      expect([answer.status, (await answer.text()).length]).toEqual([206, 65_536]);
      return performance.now() - beganAt;
    };
    // The best of some: other processes hold up any of them.
    const times = [];
    for (let ask = 0; ask < 5; ask += 1)
      times.push(await timed(ask % 2 === 0 ? "bytes=0-65535" : "bytes=-65536"));
    expect(Math.min(...times)).toBeLessThan(200);
    let bytes = 0;
    for await (const piece of (await api.ask(path)).body ?? []) bytes += piece.length;
    expect(bytes).toBe(1_024 * MIB);
    const stop = new AbortController();
    let followed = 0;
    for await (const { data } of eventsOf(await api.ask(`${path}/stream`, {}, stop.signal))) {
      followed += data.length;
      if (followed > 64 * MIB) break;
    }
    stop.abort();
    expect(memoryOf(api).peak - before).toBeLessThan(200 * MIB);
  });

  it("serves others beside as many streams as it may have, refuses more, and forgets them when they end", async () => {
    const { api } = await begin();
    const token2 = await makeToken();
    const tokens = [];
    for (let token = 0; token < 50; token += 1) tokens.push(`Bearer ${await makeToken()}`);
    const before = memoryOf(api).rss;
    const stop = new AbortController();
    const open = async (authorization: string) =>
      await api.ask("/teams/default/events", { authorization }, stop.signal);
    // Each principal may have 20, and the server 1,000. An answer that is forgotten is closed.
    const streams: Response[] = [];
    for (const token of tokens) {
      const opened = await Promise.all(Array.from({ length: 20 }, () => open(token)));
      streams.push(...opened);
      expect(opened.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    }
    const refused = await api.ask("/teams/default/events", { authorization: `Bearer ${token2}` });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "4"]);
    expect((await api.ask("/teams/default/runs")).status).toBe(200);
    expect(streams).toHaveLength(1_000);
    expect(memoryOf(api).rss - before).toBeLessThan(200 * MIB);
    stop.abort();
    await vi.waitUntil(
      async () => {
        const ended = new AbortController();
        const { status } = await api.ask("/teams/default/events", {}, ended.signal);
        ended.abort();
        return status === 200;
      },
      { timeout: 60_000, interval: 200 },
    );
  });

  it("answers what users wrote as JSON, which no browser takes for a page", async () => {
    const { api, runId } = await begin();
    const answer = await api.ask(
      `/teams/default/dags/short/runs/${encodeURIComponent(runId)}/tasks/one/-1/xcoms`,
    );
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.json()).toEqual({ return_value: HOSTILE });
    const unknown = await api.ask(`/teams/default/dags/${encodeURIComponent(HOSTILE)}`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
  });
});

it("an API whose database is away says so, and answers again when it is back", async () => {
  const database = await createTestDatabase("postgres");
  // The server of the tests has no port: the first proxy has one for it.
  const door = new FreezingProxy(new URL(database.url));
  const proxy = await CuttingProxy.start(await door.listen());
  const url = new URL(database.url);
  url.host = `127.0.0.1:${proxy.port}`;
  url.search = "";
  workspace = new Workspace({ databaseUrl: url.href, config: "[api]\nport = 0\n", dags: {} });
  try {
    await workspace.memodag(["db", "migrate"]);
    const api = await startApi(await makeToken());
    expect((await api.ask("/teams/default/runs")).status).toBe(200);
    proxy.cut("close");
    const answer = await api.ask("/teams/default/runs");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("retry-after")]).toEqual([
      503,
      "application/problem+json",
      "5",
    ]);
    expect(await answer.text()).not.toContain(String(proxy.port));
    expect((await api.ask("/health")).status).toBe(200);
    expect((await api.ask("/ready")).status).toBe(503);
    proxy.heal();
    await vi.waitUntil(async () => (await api.ask("/teams/default/runs")).status === 200, {
      timeout: 60_000,
      interval: 200,
    });
    expect(await api.process.end("SIGTERM")).toBe(0);
  } finally {
    await proxy.stop();
    door.close();
    await database.drop();
  }
});
