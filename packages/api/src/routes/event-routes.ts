// Events: the names of runs that have changed. They carry no state, which is read by the routes that check who may.

import { acrossTeams, OWN_ROUTES } from "@memodag/api-contract";
import type { Clock } from "@memodag/core";
import type { RevisionReport } from "@memodag/operations/runs";
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { ApiEnv, ApiParts } from "../api-parts.ts";
import { authorize } from "../auth/authorize.ts";
import { eventStream, RETRY_LINE, SAY_EVERY_MS, SILENCE_LINE } from "../live/event-stream.ts";
import type { RunWatcher } from "../live/run-watcher.ts";
import { InputReader } from "../read-input.ts";
import { toPattern } from "./operation-routes.ts";

/** Which runs. */
interface Watched {
  readonly team?: string | undefined;
  readonly dagId?: string | undefined;
  readonly runId?: string | undefined;
}

/** Changes that wait for a client that does not read, at most: it is told to read everything anew then. */
const MOST_WAITING = 1_000;

/** Adds the routes. */
export function addEventRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { path, parameters, ...route } = OWN_ROUTES["events.runs"];
  const reader = new InputReader<Watched>(
    route,
    z.strictObject({ ...parameters, team: z.string().optional() }),
  );
  for (const each of [path, acrossTeams(path)])
    app.get(toPattern(each), async (c) => await watch(c, await reader.read(c, each), parts));
}

async function watch(c: Context<ApiEnv>, watched: Watched, parts: ApiParts): Promise<Response> {
  const { authenticator, limits, watcher, clock, closing } = parts;
  const principal = await authenticator.principalOf(c);
  authorize(principal, { role: "viewer", team: watched.team ?? null, hasValues: false });
  const close = limits.openStream(principal);
  const signal = AbortSignal.any([c.req.raw.signal, closing]);
  return eventStream(runEvents(watched, { watcher, clock, signal, close }));
}

interface Streamed {
  readonly watcher: RunWatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  close(): void;
}

async function* runEvents(
  { team, dagId, runId }: Watched,
  { watcher, clock, signal, close }: Streamed,
): AsyncGenerator<string> {
  let waiting: RevisionReport[] = [];
  let isBehind = false;
  let wake: () => void = () => undefined;
  const stop = watcher.watch((changed) => {
    const wanted = changed.filter(
      (run) =>
        (team === undefined || run.team === team) &&
        (dagId === undefined || run.dagId === dagId) &&
        (runId === undefined || run.runId === runId),
    );
    if (waiting.length + wanted.length > MOST_WAITING) {
      waiting = [];
      isBehind = true;
    } else for (const run of wanted) waiting.push(run);
    wake();
  });
  signal.addEventListener("abort", () => wake(), { once: true });
  try {
    yield RETRY_LINE;
    while (!signal.aborted) {
      if (isBehind) {
        isBehind = false;
        yield "event: resync\ndata: {}\n\n";
      }
      const ready = waiting;
      waiting = [];
      for (const run of ready) yield `event: run\ndata: ${JSON.stringify(run)}\n\n`;
      if (ready.length > 0) continue;
      const isSilent = await new Promise<boolean>((resolve) => {
        const cancel = clock.after(SAY_EVERY_MS, () => resolve(true));
        wake = () => {
          cancel();
          resolve(false);
        };
        // A change may have come since `waiting` was looked at, or the end.
        if (waiting.length > 0 || isBehind || signal.aborted) wake();
      });
      if (isSilent) yield SILENCE_LINE;
    }
  } finally {
    stop();
    close();
  }
}
