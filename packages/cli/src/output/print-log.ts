// Prints logs as they are read, however long they are: as text, or as JSON that says the same.

import { once } from "node:events";
import type { RunLogLine, TaskLog } from "@memodag/operations/tasks";
import { plainJson, plainText } from "@memodag/deployment/logging";
import { isStdoutClosed, stdout } from "./standard-streams.ts";

/**
 * Prints text, ended by a line break. A terminal gets to see what it would act upon, spelled out; a file or a
 * pipe gets what the task wrote.
 */
export async function printLogText(pieces: AsyncIterable<string>): Promise<void> {
  let last = "\n";
  for await (const piece of pieces) {
    if (isStdoutClosed()) return;
    await write(stdout.isTerminal ? plainText(piece) : piece);
    last = piece.at(-1) ?? last;
  }
  if (last !== "\n") await write("\n");
}

/** Prints a line of one log among others. */
export async function printLogLine({ name, line }: RunLogLine): Promise<void> {
  const text = stdout.isTerminal ? plainText(line) : line;
  await write(`${name} | ${text}\n`);
}

/** Prints a list of logs as `JSON.stringify` with two spaces would, no text in memory as a whole. */
export async function printLogsJson(logs: readonly TaskLog[]): Promise<void> {
  if (logs.length === 0) return await write("[]\n");
  await write("[");
  for (const [index, { note, text, ...facts }] of logs.entries()) {
    const lines = Object.entries(facts).map(([name, value]) => `    "${name}": ${JSON.stringify(value)},\n`);
    await write(`${index === 0 ? "" : ","}\n  {\n${lines.join("")}    "text": `);
    if (note === null) await printString(text);
    else await write("null");
    await write(`,\n    "note": ${JSON.stringify(note)}\n  }`);
    if (isStdoutClosed()) return;
  }
  await write("\n]\n");
}

async function printString(pieces: AsyncIterable<string>): Promise<void> {
  await write('"');
  for await (const piece of pieces) {
    if (isStdoutClosed()) return;
    const json = JSON.stringify(piece).slice(1, -1);
    await write(stdout.isTerminal ? plainJson(json) : json);
  }
  await write('"');
}

/** Waits while the reader is slower, as long as there is one. */
async function write(text: string): Promise<void> {
  const stream = stdout.stream();
  if (stream.write(text)) return;
  const done = new AbortController();
  const { signal } = done;
  const waits = ["drain", "error", "close"].map((event) => once(stream, event, { signal }));
  try {
    await Promise.race(waits);
  } catch {
    // An error of stdout is told of when the command ends.
  } finally {
    done.abort();
    await Promise.allSettled(waits);
  }
}
