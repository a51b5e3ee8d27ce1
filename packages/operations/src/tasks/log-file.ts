// Reads a log file in pieces: from its start, from its last lines on, and further while it grows.

import { open, stat, type FileHandle } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";

const PIECE_BYTES = 65_536;
const LINE_BREAK = 10;

/** How often a file that is followed is looked at, in milliseconds. */
const LOOK_EVERY_MS = 200;

/** Which part of a log is read. */
export interface LogPart {
  /** The last lines alone; all of them unless it is given. */
  readonly lastLines?: number | undefined;
  /** Resolves to true when nothing more will be written; without it the file is read once. */
  readonly isOver?: (() => Promise<boolean>) | undefined;
}

/**
 * The text of a log, in pieces that end between characters. A file that is not there is empty, and waited for
 * when it is followed. One that was cut short is read from its start, and so is one that took its place, after
 * the rest of the other.
 */
export async function* readLog(path: string, { lastLines, isOver }: LogPart): AsyncGenerator<string> {
  let file: FileHandle | undefined;
  let decoder = new StringDecoder("utf8");
  let offset = 0;
  try {
    for (let isFirst = true; ; isFirst = false) {
      const over = (await isOver?.()) ?? true;
      if (file === undefined) {
        file = await openIfThere(path);
        offset = isFirst && file && lastLines !== undefined ? await startOfLast(file, lastLines) : 0;
      }
      if (file) {
        if ((await file.stat()).size < offset) {
          offset = 0;
          decoder = new StringDecoder("utf8");
        }
        for await (const piece of piecesFrom(file, offset)) {
          offset += piece.length;
          const text = decoder.write(piece);
          if (text !== "") yield text;
        }
        if (await isReplaced(file, path)) {
          await file.close();
          file = undefined;
          continue;
        }
      }
      if (over) break;
      await sleep(LOOK_EVERY_MS);
    }
    const rest = decoder.end();
    if (rest !== "") yield rest;
  } finally {
    await file?.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function* piecesFrom(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let at = start; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && there.ino !== (await file.stat()).ino;
}

/** Where the last lines begin: read from the end, so that it takes no longer for a long file. */
async function startOfLast(file: FileHandle, lines: number): Promise<number> {
  let end = (await file.stat()).size;
  // A break at the very end belongs to the last line.
  let missing = lines;
  let isLastByte = true;
  while (end > 0) {
    const start = Math.max(0, end - PIECE_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] === LINE_BREAK && !isLastByte) {
        missing -= 1;
        if (missing === 0) return start + at + 1;
      }
      isLastByte = false;
    }
    end = start;
  }
  return 0;
}
