// The stream of changed runs. Browsers have few connections for all tabs, so one tab holds it and tells the others.

import type { ChangedRun } from "./affected.ts";
import { openLasting } from "./lasting-source.ts";

/** `live`: changes are told as they happen. `waiting`: the connection is being made. */
export type LiveState = "live" | "waiting";

/** Called with what happens. */
export interface RunStreamListener {
  onRun(run: ChangedRun): void;
  /** Some changes may have been missed. */
  onResync(): void;
  onState(state: LiveState): void;
}

type Message =
  | { readonly kind: "run"; readonly run: ChangedRun }
  | { readonly kind: "resync" }
  | { readonly kind: "state"; readonly state: LiveState }
  | { readonly kind: "hello" };

/** Milliseconds after which a tab that no one sees leaves the stream. */
const HIDDEN_MS = 60_000;

/** Follows the runs of a team, or of all, until the returned function is called. */
export function followRuns(team: string | undefined, listener: RunStreamListener): () => void {
  const name = `memodag-live ${team ?? ""}`;
  const channel = new BroadcastChannel(name);
  let stop = new AbortController();
  let state: LiveState = "waiting";
  let isLeader = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const take = (message: Message): void => {
    if (message.kind === "run") listener.onRun(message.run);
    else if (message.kind === "resync") listener.onResync();
    else if (message.kind === "state") {
      state = message.state;
      listener.onState(state);
    } else if (isLeader) channel.postMessage({ kind: "state", state } satisfies Message);
  };
  const tell = (message: Message): void => {
    take(message);
    channel.postMessage(message);
  };
  channel.addEventListener("message", ({ data }) => take(data as Message));

  const join = (): void => {
    const { signal } = stop;
    channel.postMessage({ kind: "hello" } satisfies Message);
    navigator.locks
      .request(name, { signal }, async () => {
        isLeader = true;
        await lead(team, tell, signal);
        isLeader = false;
      })
      // Ended while it waited for its turn.
      .catch(() => undefined);
  };
  const onVisibility = (): void => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => stop.abort(), HIDDEN_MS);
    } else if (stop.signal.aborted) {
      stop = new AbortController();
      listener.onResync();
      join();
    }
  };
  document.addEventListener("visibilitychange", onVisibility);
  join();
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    clearTimeout(timer);
    stop.abort();
    channel.close();
  };
}

async function lead(
  team: string | undefined,
  tell: (message: Message) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = team === undefined ? "" : `/teams/${encodeURIComponent(team)}`;
  await new Promise<void>((resolve) => {
    const close = openLasting(`/api/v1${path}/events`, (source) => {
      source.addEventListener("open", () => {
        tell({ kind: "state", state: "live" });
        // The stream tells of changes from now on: those since the pages asked are not among them.
        tell({ kind: "resync" });
      });
      source.addEventListener("error", () => tell({ kind: "state", state: "waiting" }));
      source.addEventListener("resync", () => tell({ kind: "resync" }));
      source.addEventListener("run", ({ data }) =>
        tell({ kind: "run", run: JSON.parse(data as string) as ChangedRun }),
      );
    });
    const end = (): void => {
      close();
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
