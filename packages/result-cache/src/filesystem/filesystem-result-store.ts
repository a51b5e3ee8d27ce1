// Results as files: for installations that share a disk and no database.

import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Digest } from "@memodag/core";
import type { StoreCallOptions } from "../record-store.ts";
import type { ResultBytes, ResultStore } from "../result-store.ts";
import { ORPHAN_GRACE_MS, type ResultRetention } from "../retention-ports.ts";
import { FilesystemResultRetention } from "./filesystem-result-retention.ts";
import { withFolderFailure } from "./folder-failure.ts";
import { inBatches } from "../in-batches.ts";
import { teamFolderName } from "./safe-names.ts";
import { modifiedAt } from "./file-lock.ts";
import { TeamFolder, readIfPresent } from "./team-folder.ts";

/**
 * Keeps each result in `results/<team>/<2 digits>/<digest>` of a folder that any number of processes
 * may share. Rejects with a `MemodagError` `cache_backend_failed` when the folder cannot be used or a
 * digest is none.
 */
export class FilesystemResultStore implements ResultStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #teams = new Map<string, TeamFolder>();

  /**
   * @param root made when the first result is written; may be that of a `FilesystemRecordStore`
   * @param clock tells when a half-written file has been abandoned
   */
  constructor(root: string, clock: Clock) {
    this.#folder = join(root, "results");
    this.#clock = clock;
  }

  async read(
    team: string,
    digests: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, Uint8Array>> {
    const { signal } = options;
    const folder = this.#folderOf(team);
    const found = new Map<Digest, Uint8Array>();
    const readInto = async (digest: Digest) => {
      const bytes = await readIfPresent(folder.pathOf(digest), signal);
      if (bytes) found.set(digest, bytes);
    };
    await withFolderFailure(this.#folder, () => inBatches(digests, readInto, signal));
    return found;
  }

  /** Bytes that are there and differ, as a failing disk leaves them, are replaced. */
  async write(team: string, results: readonly ResultBytes[]): Promise<void> {
    const folder = this.#folderOf(team);
    const writeOne = async ({ digest, bytes }: ResultBytes) => {
      const path = folder.pathOf(digest);
      const present = await readIfPresent(path);
      if (!present || Buffer.compare(present, bytes) !== 0) await folder.replace(path, bytes);
      else await renewAge(path, this.#clock.now());
    };
    await withFolderFailure(this.#folder, () => inBatches(results, writeOne));
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    const folder = this.#folderOf(team);
    const deleteOne = (digest: Digest) => rm(folder.pathOf(digest), { force: true });
    await withFolderFailure(this.#folder, () => inBatches(digests, deleteOne));
  }

  async retention(): Promise<ResultRetention> {
    return new FilesystemResultRetention(this.#folder, (team) => this.#folderOf(team), this.#clock);
  }

  #folderOf(team: string): TeamFolder {
    const name = teamFolderName(team);
    const folder = this.#teams.get(name) ?? new TeamFolder(join(this.#folder, name), this.#clock);
    this.#teams.set(name, folder);
    return folder;
  }
}

/** A writer of bytes that are there is about to refer to them: collection must not remove them. */
async function renewAge(path: string, now: number): Promise<void> {
  const at = await modifiedAt(path);
  if (at !== undefined && now - at > ORPHAN_GRACE_MS / 2) await utimes(path, now / 1_000, now / 1_000);
}
