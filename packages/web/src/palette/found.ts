// Results of the palette: places and Dags at once, runs and an entry by asking.

import type { OutputOf } from "../data/api.ts";
import { shortRunId } from "../format/format.ts";
import { rank } from "./rank.ts";

/** A result: a line, and where it leads. */
export interface PaletteItem {
  readonly id: string;
  readonly kind: "page" | "Dag" | "task" | "run" | "entry";
  /** Shown, and looked for in. */
  readonly text: string;
  /** An address of these pages. */
  readonly to: string;
}

const PLACES: readonly (readonly [text: string, to: string])[] = [
  ["Home", "/"],
  ["Dags", "/dags"],
  ["Runs", "/runs"],
  ["Failed runs", "/runs?state=failed"],
  ["Cache", "/cache"],
  ["Cache entries", "/cache/entries"],
  ["Why tasks ran", "/cache/reasons"],
  ["Health of the cache, kill switch", "/cache/health"],
  ["Named caches", "/cache/named"],
  ["Approvals", "/approvals"],
  ["Dag files that could not be read", "/dag-errors"],
  ["Workers and queues", "/workers"],
  ["Pools", "/pools"],
  ["Audit", "/audit"],
  ["Settings, tokens", "/settings"],
];

const PLACE_ITEMS: readonly PaletteItem[] = PLACES.map(([text, to]) => ({
  id: to,
  kind: "page",
  text,
  to,
}));

const encoded = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join("/");

type Dags = OutputOf<"dags.list">["items"];
type Runs = OutputOf<"runs.list">["items"];

/** Returns the results for a query, the best first; runs and an entry have been looked for by the server. */
export function findItems(
  query: string,
  found: {
    readonly dags: Dags;
    readonly tasks: readonly { readonly team: string; readonly dagId: string; readonly taskId: string }[];
    readonly runs: Runs;
    readonly entry: Pick<OutputOf<"cache.show">, "team" | "key" | "dagId" | "taskId"> | undefined;
  },
): PaletteItem[] {
  const dags = found.dags.map(({ team, dagId }): PaletteItem => ({
    id: `dag ${team} ${dagId}`,
    kind: "Dag",
    text: dagId,
    to: `/teams/${encodeURIComponent(team)}/dags/${encodeURIComponent(dagId)}`,
  }));
  const tasks = found.tasks.map(({ team, dagId, taskId }): PaletteItem => ({
    id: `task ${team} ${dagId} ${taskId}`,
    kind: "task",
    text: `${dagId}.${taskId}`,
    to: `/cache/entries?${new URLSearchParams({ team, dag: dagId, task: taskId })}`,
  }));
  const runs = found.runs.map(({ team, dagId, runId, state }): PaletteItem => ({
    id: `run ${team} ${dagId} ${runId}`,
    kind: "run",
    text: `${dagId} ${shortRunId(runId)}, ${state}`,
    to: `/teams/${encodeURIComponent(team)}/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`,
  }));
  const entries = found.entry
    ? [
        {
          id: `entry ${found.entry.key}`,
          kind: "entry" as const,
          text: `${found.entry.key.slice(0, 12)} ${found.entry.dagId}.${found.entry.taskId}`,
          to: `/teams/${encoded(found.entry.team)}/cache/${found.entry.key}`,
        },
      ]
    : [];
  const named = rank(query, [...dags, ...PLACE_ITEMS, ...(query === "" ? [] : tasks)]);
  return [...entries, ...named, ...runs];
}
