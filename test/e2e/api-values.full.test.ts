// A real API server that is asked for a value of 100 MB: its answer is whole, and its memory bounded.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const MIB = 2 ** 20;
const SIZE = 100_000_000;
const AT_ONCE = 4;

const CONFIG = `[api]
port = 0
[task_cache]
max_result_size = "128MiB"
[job_cache]
max_entry_size = "128MiB"
`;

const DAG = `import { Dag, getContext } from "memodag";
export const dag = new Dag("large");
dag.task("value", () => "v".repeat(${SIZE - 2}), { cache: true })();
dag.task("entry", async () => void (await getContext().jobCache.save("bytes", Buffer.alloc(${SIZE}, "e"))))();
`;

let workspace: Workspace;
let path: string;
let url: string;
let token: string;
let pid: number | undefined;

beforeAll(async () => {
  workspace = new Workspace({ config: CONFIG, dags: { "large.ts": DAG } });
  const { runId } = await workspace.json<RunReport>("dags", "run", "large");
  path = `/teams/default/dags/large/runs/${encodeURIComponent(runId)}`;
  ({ token } = await workspace.json<{ token: string }>("tokens", "make", "--name", "t", "--role", "admin"));
  const api = workspace.start("api-server");
  await api.says("the API listens");
  ({ pid } = api);
  [, url = ""] = /the API listens.* url=(\S+)/.exec(api.stderr) ?? [];
  await ask("/teams/default/runs");
});
afterAll(async () => {
  await workspace.remove();
});

async function ask(
  of: string,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  return await fetch(`${url}/api/v1${of}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal,
  });
}

/** Bytes by which the server grows at most while the work is done. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  const read = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
  // Resets the peak to what it is now.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const before = read("VmRSS");
  await work();
  return read("VmHWM") - before;
}

async function digestOf(answer: Response): Promise<{ bytes: number; digest: string }> {
  expect(answer.status).toBe(200);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const atOnce = async <T>(work: () => Promise<T>): Promise<T[]> =>
  await Promise.all(Array.from({ length: AT_ONCE }, work));

it("streams the bytes of an entry to many at once, and reads no more of it than a preview shows", async () => {
  const content = { bytes: SIZE, digest: sha256("e".repeat(SIZE)) };
  const preview = { bytes: 65_536, digest: sha256("e".repeat(65_536)) };
  const growth = await growthOf(async () => {
    const answers = await atOnce(async () => await digestOf(await ask(`${path}/entries/bytes/content`)));
    expect(answers).toEqual(Array.from(answers, () => content));
    expect(await digestOf(await ask(`${path}/entries/bytes/preview`))).toEqual(preview);
  });
  expect(growth).toBeLessThan(200 * MIB);
});

it("says of a value how large it is without reading it", async () => {
  const growth = await growthOf(async () => {
    const answer = await ask(`${path}/tasks/value/-1/values`);
    expect(await answer.json()).toMatchObject([{ sizeBytes: SIZE, text: null, isWhole: false }]);
  });
  expect(growth).toBeLessThan(50 * MIB);
});

it("answers with whole values, to many at once in the memory of two answers, and to those who come after one that left", async () => {
  const xcoms = `${path}/tasks/value/-1/xcoms`;
  const whole = { bytes: SIZE + 17, digest: sha256(`{"return_value":"${"v".repeat(SIZE - 2)}"}`) };
  const growth = await growthOf(async () => {
    // As many as there is room for do not read their answers, and leave.
    for (let gone = 0; gone < 2; gone += 1) {
      const stop = new AbortController();
      const answer = await ask(xcoms, {}, stop.signal);
      expect(answer.headers.get("content-length")).toBe(String(whole.bytes));
      stop.abort();
    }
    const answers = await atOnce(async () => await digestOf(await ask(xcoms)));
    expect(answers).toEqual(Array.from(answers, () => whole));
    const { items } = (await (await ask("/teams/default/cache/entries")).json()) as {
      items: { key: string }[];
    };
    const shown = await digestOf(await ask(`/teams/default/cache/entries/${items[0]?.key}`));
    expect(shown.bytes).toBeGreaterThan(SIZE);
  });
  expect(growth).toBeLessThan(900 * MIB);
  // Who comes after those who read nothing and wait is answered when they leave.
  const stop = new AbortController();
  await Promise.all([ask(xcoms, {}, stop.signal), ask(xcoms, {}, stop.signal)]);
  const third = ask(xcoms);
  expect((await ask("/health")).status).toBe(200);
  stop.abort();
  expect(await digestOf(await third)).toEqual(whole);
});
