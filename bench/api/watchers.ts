// A process with clients that watch as the pages do: each holds the stream of events, and asks for what it shows when an
// event names it. Forked with the URL of an API and a token for each; the message is how many watch from now on.

import { setTimeout as rest } from "node:timers/promises";

/** Milliseconds between two rounds of questions, as in the pages. */
const ROUND_MS = 250;

/** Questions since the message before. */
export interface Watched {
  readonly asked: number;
}

interface NamedRun {
  readonly dagId: string;
  readonly runId: string;
}

const DAG = "/teams/default/dags/wide";

/** The questions of a page for changed runs: Home with its list of Dags, a grid, and the newest run whole, which is more than a page asks. */
const PAGES: readonly ((changed: readonly NamedRun[]) => readonly string[])[] = [
  () => ["/home?days=7", "/dags?limit=100"],
  (changed) => [
    `${DAG}/grid?${changed.map(({ runId }) => `runIds=${encodeURIComponent(runId)}`).join("&")}`,
    "/teams/default/runs?dagId=wide&limit=50",
  ],
  (changed) => {
    const run = `${DAG}/runs/${encodeURIComponent(changed.at(-1)?.runId ?? "")}`;
    return [`${run}/outline`, `${run}/task-instances/columns`];
  },
];

const [url = "", ...tokens] = process.argv.slice(2);
let asked = 0;

async function ask(place: number, path: string, signal: AbortSignal): Promise<Response> {
  asked += 1;
  const answer = await fetch(`${url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${tokens[place]}`, accept: "application/json" },
    signal,
  });
  if (!answer.ok) throw new Error(`${answer.status} of ${path}: ${await answer.text()}`);
  return answer;
}

async function watch(place: number, signal: AbortSignal): Promise<void> {
  const page = PAGES[place % PAGES.length] ?? (() => []);
  const stream = await ask(place, "/teams/default/events", signal);
  let waiting: NamedRun[] = [];
  let isAsking = false;
  const round = async (): Promise<void> => {
    isAsking = true;
    while (waiting.length > 0) {
      const changed = waiting;
      waiting = [];
      await Promise.all(page(changed).map(async (path) => await (await ask(place, path, signal)).text()));
      await rest(ROUND_MS, undefined, { signal });
    }
    isAsking = false;
  };
  const fail = (error: unknown): void => {
    if (!signal.aborted) throw error;
  };
  let text = "";
  for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (text + piece).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^event: run\ndata: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) waiting.push(JSON.parse(data) as NamedRun);
    }
    if (waiting.length > 0 && !isAsking) round().catch(fail);
  }
}

let stop = new AbortController();
process.on("message", (count: number) => {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const answer: Watched = { asked };
  asked = 0;
  for (let place = 0; place < count; place += 1)
    watch(place, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  process.send?.(answer);
});
