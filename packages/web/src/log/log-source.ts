// Reads the log of an attempt: parts of it by range, and what is written to it as events.

import { ask } from "../data/api.ts";
import { openLasting } from "../live/lasting-source.ts";

/** Names an attempt. */
export interface LogName {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
}

/** A part of a log. */
export interface LogPart {
  readonly bytes: Uint8Array;
  /** The byte at which it begins. */
  readonly from: number;
  /** Bytes that the log has. */
  readonly size: number;
}

/** The address of a log. */
export function logAddress({ team, dagId, runId, taskId, mapIndex, tryNumber }: LogName): string {
  const [t, d, r, task] = [team, dagId, runId, taskId].map((name) => encodeURIComponent(name));
  return `/api/v1/teams/${t}/dags/${d}/runs/${r}/tasks/${task}/${mapIndex}/attempts/${tryNumber}/log`;
}

/** Reads a part; undefined: there is no log. @param range of the header, such as `-65536` or `0-65535` */
export async function readLog(
  name: LogName,
  range: string,
  signal?: AbortSignal,
): Promise<LogPart | undefined> {
  const answer = await fetch(logAddress(name), {
    headers: { range: `bytes=${range}` },
    ...(signal && { signal }),
  });
  if (answer.status === 404) return undefined;
  const [, from = "0", size] =
    /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(answer.headers.get("content-range") ?? "") ?? [];
  // An empty log has no last bytes.
  if (answer.status === 416)
    return { bytes: new Uint8Array(), from: Number(size ?? 0), size: Number(size ?? 0) };
  if (!answer.ok) {
    // Asked again for the problem in words.
    await ask(logAddress(name).slice("/api/v1".length));
    throw new Error(`the log cannot be read: ${answer.status}`);
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { bytes, from: Number(from), size: Number(size ?? bytes.length) };
}

/** Follows a log from a byte. @returns a function that ends this */
export function followLog(
  name: LogName,
  from: number,
  listener: { onText(text: string, to: number): void; onEnd(): void },
): () => void {
  let to = from;
  return openLasting(
    () => `${logAddress(name)}/stream?from=${to}`,
    (source, close) => {
      source.addEventListener("message", ({ data, lastEventId }) => {
        const { text } = JSON.parse(data as string) as { text: string };
        to = Number(lastEventId);
        listener.onText(text, to);
      });
      source.addEventListener("end", () => {
        close();
        listener.onEnd();
      });
    },
  );
}
