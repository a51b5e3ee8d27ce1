// Bytes as files: for installations that share a disk and no object store.

import { open, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type {
  ByteBody,
  ByteCallOptions,
  ByteCheck,
  ByteGrant,
  ByteStat,
  ByteStore,
  Clock,
  ListedBytes,
} from "@memodag/core";
import { checkedChunks } from "../bytes/checked-body.ts";
import { isMissing, withFolderFailure } from "./folder-failure.ts";
import { copyChecked, streamOfFile } from "./open-file.ts";
import { inBatches } from "../in-batches.ts";
import { isDigest, teamFolderName, teamOfFolder } from "./safe-names.ts";
import { listNames, TeamFolder } from "./team-folder.ts";

/**
 * Keeps bytes in `bytes/<team>/<2 digits>/<name>` of a folder that any number of processes may share. A file
 * appears whole, by its renaming. Rejects with a `MemodagError` `cache_backend_failed` when the folder cannot be
 * used or a name is no 64 hexadecimal digits.
 */
export class FilesystemByteStore implements ByteStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #teams = new Map<string, TeamFolder>();

  /**
   * @param root made when the first bytes are written
   * @param clock tells how old files are, and when a half-written one has been abandoned
   */
  constructor(root: string, clock: Clock) {
    this.#folder = join(root, "bytes");
    this.#clock = clock;
  }

  async read(
    team: string,
    name: string,
    { signal }: ByteCallOptions = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    signal?.throwIfAborted();
    const path = this.#folderOf(team).pathOf(name);
    return await withFolderFailure(this.#folder, async () => {
      try {
        // Opened here and not at the first read: a file that is deleted meanwhile is read to its end.
        return streamOfFile(await open(path, "r"), signal);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    { signal }: ByteCallOptions = {},
  ): Promise<void> {
    const folder = this.#folderOf(team);
    const path = folder.pathOf(name);
    await withFolderFailure(this.#folder, async () => {
      const granted = folder.incomingPathOf(name);
      const isGranted = "file" in body && body.file === granted;
      if (isGranted) await folder.adopt(granted, path, () => drain(checkedChunks(body, check, signal)));
      else if ("file" in body)
        await folder.replace(path, (file) => copyChecked(body.file, file, check, signal));
      else await folder.replace(path, checkedChunks(body, check, signal));
    });
  }

  async stat(
    team: string,
    names: readonly string[],
    { signal }: ByteCallOptions = {},
  ): Promise<Map<string, ByteStat>> {
    const folder = this.#folderOf(team);
    const found = new Map<string, ByteStat>();
    const look = async (name: string): Promise<void> => {
      const one = await this.#statOf(folder.pathOf(name));
      if (one) found.set(name, one);
    };
    await withFolderFailure(this.#folder, () => inBatches(names, look, signal));
    return found;
  }

  /** Also what a process that was killed has written by a grant. */
  async delete(team: string, names: readonly string[]): Promise<void> {
    const folder = this.#folderOf(team);
    const remove = async (name: string): Promise<void> => {
      for (const path of [folder.pathOf(name), folder.incomingPathOf(name)]) await rm(path, { force: true });
    };
    await withFolderFailure(this.#folder, () => inBatches(names, remove));
  }

  /** Folders whose names do not tell their team are left alone. */
  async *list(): AsyncGenerator<ListedBytes> {
    const teams = (await listNames(this.#folder)).map(teamOfFolder).filter((team) => team !== undefined);
    for (const team of teams) {
      for await (const paths of this.#folderOf(team).list("")) {
        for (const path of paths) {
          const name = basename(path);
          const one = isDigest(name) ? await this.#statOf(path) : undefined;
          if (one) yield { team, name, ...one };
        }
      }
    }
  }

  /** A granted file counts once `write` was called with that file as its body. */
  async grant(team: string, name: string, use: "read" | "write"): Promise<ByteGrant | undefined> {
    const folder = this.#folderOf(team);
    if (use === "write")
      return await withFolderFailure(this.#folder, async () => {
        await folder.makeIncoming();
        return { kind: "file", path: folder.incomingPathOf(name) };
      });
    const path = folder.pathOf(name);
    return (await this.#statOf(path)) ? { kind: "file", path } : undefined;
  }

  async close(): Promise<void> {}

  async #statOf(path: string): Promise<Required<ByteStat> | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      return { sizeBytes: size, ageMs: this.#clock.now() - mtimeMs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #folderOf(team: string): TeamFolder {
    const name = teamFolderName(team);
    const folder = this.#teams.get(name) ?? new TeamFolder(join(this.#folder, name), this.#clock);
    this.#teams.set(name, folder);
    return folder;
  }
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}
