// Keeps logs of attempts in files, and reads them in pieces: parts, last lines, and what is added as they grow.

import { appendFile, mkdir, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import {
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  type AttemptName,
  type LogAmount,
  type LoggedRun,
  type RunLogPlaces,
  type RunLogs,
  type LogRange,
  type LogStore,
  type LogTail,
} from "@memodag/core";
import { logFilePath, logFolderPath } from "./log-file-path.ts";

const PIECE_BYTES = 65_536;
const LINE_BREAK = 10;

/** Polling interval for a followed file, in milliseconds. */
const LOOK_EVERY_MS = 200;

/** Logs in files of a folder, where a local executor's workers write them. */
export class FileLogStore implements LogStore {
  readonly #logsDir: string;

  constructor(logsDir: string) {
    this.#logsDir = logsDir;
  }

  async append(attempt: AttemptName, chunk: Uint8Array): Promise<void> {
    const path = this.placeOf(attempt);
    await mkdir(dirname(path), { recursive: true, mode: OWN_FOLDER_MODE });
    await appendFile(path, chunk, { mode: OWN_FILE_MODE });
  }

  async size(attempt: AttemptName): Promise<number | undefined> {
    try {
      return (await stat(this.placeOf(attempt))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async *read(attempt: AttemptName, { from = 0, to = Infinity }: LogRange = {}): AsyncGenerator<Uint8Array> {
    const file = await openIfThere(this.placeOf(attempt));
    if (!file) return;
    try {
      let left = to - from;
      for await (const piece of piecesFrom(file, from)) {
        yield piece.length > left ? piece.subarray(0, left) : piece;
        left -= piece.length;
        if (left <= 0) return;
      }
    } finally {
      await file.close();
    }
  }

  /** A file that was cut short is read from its start, and so is one that took its place, after the rest of the other. */
  tail(attempt: AttemptName, part: LogTail = {}): AsyncGenerator<string> {
    return readLog(this.placeOf(attempt), part);
  }

  async measure(run: LoggedRun): Promise<LogAmount> {
    const { count, sizeBytes } = await measureFolder(logFolderPath(this.#logsDir, run));
    return { count, sizeBytes };
  }

  async remove(run: LoggedRun): Promise<LogAmount> {
    const amount = await this.measure(run);
    await this.discard(this.placesOf(run));
    return amount;
  }

  /** Folders are three levels deep: of teams, of Dags, and of runs. */
  async *scan(): AsyncGenerator<RunLogs> {
    for (const team of await foldersIn(this.#logsDir))
      for (const dag of await foldersIn(team))
        for (const run of await foldersIn(dag)) yield { run, dag, ...(await measureFolder(run)) };
  }

  placesOf(run: LoggedRun): RunLogPlaces {
    const folder = logFolderPath(this.#logsDir, run);
    return { run: folder, dag: dirname(folder) };
  }

  async discard({ run }: RunLogPlaces): Promise<void> {
    await rm(run, { recursive: true, force: true });
  }

  placeOf(attempt: AttemptName): string {
    return logFilePath(this.#logsDir, attempt);
  }
}

async function measureFolder(folder: string): Promise<LogAmount & Pick<RunLogs, "changedAt">> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ifMissing);
  const found = { count: 0, sizeBytes: 0, changedAt: 0 };
  for (const file of files ?? []) {
    const state = file.isFile() ? await stat(join(file.parentPath, file.name)).catch(ifMissing) : undefined;
    if (!state) continue;
    found.count += 1;
    found.sizeBytes += state.size;
    found.changedAt = Math.max(found.changedAt, state.mtimeMs);
  }
  return found;
}

async function foldersIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch(ifMissing);
  return (found ?? []).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

/**
 * The text of a log, in pieces that end between characters. A missing file is empty, and is waited for when
 * it is followed. A truncated file is read from its start, and so is a file that replaced it, after the rest
 * of the old one.
 */
async function* readLog(path: string, { lastLines, isOver }: LogTail): AsyncGenerator<string> {
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

/** The offset of the last lines, found from the end so that long files take no longer. */
async function startOfLast(file: FileHandle, lines: number): Promise<number> {
  let end = (await file.stat()).size;
  // A line break at the very end belongs to the last line.
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
