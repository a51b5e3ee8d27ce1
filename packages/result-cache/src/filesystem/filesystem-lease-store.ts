// Leases as files: for schedulers that share a disk, and should not ask the database for locks.

import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson, type Clock, type Digest } from "@memodag/core";
import type { LeaseClaim, LeaseStore, LiveLease } from "../lease-store.ts";
import { isMissing, withFolderFailure } from "./folder-failure.ts";
import { isDigest, teamFolderName } from "./safe-names.ts";
import { listNames, readIfPresent, TeamFolder } from "./team-folder.ts";

/** The content of a file; `expiresAt` is 0 for a lease that was freed. */
interface LeaseFile extends LiveLease {
  readonly token: number;
}

/** The state of a key as it was read. */
interface Seen {
  /** That of the last file; 0: there is none. */
  readonly version: number;
  readonly lease: LeaseFile | undefined;
}

const VERSION = /^([1-9]\d{0,14})\.json$/;

/**
 * Keeps the lease of a key in `locks/<team>/<2 digits>/<key>/<version>.json` of a folder that any number of processes
 * may share, also on several hosts whose clocks agree. The file with the greatest version counts. A change creates
 * the file of the next version, which only one process can, and which appears whole. Rejects with a `MemodagError`
 * `cache_backend_failed` when the folder cannot be used.
 */
export class FilesystemLeaseStore implements LeaseStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #teams = new Map<string, TeamFolder>();

  /** @param root made when the first lease is taken; may be that of a `FilesystemRecordStore` */
  constructor(root: string, clock: Clock) {
    this.#folder = join(root, "locks");
    this.#clock = clock;
  }

  async tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim> {
    return await this.#change<LeaseClaim>(team, key, ({ lease }, now) => {
      if (lease && lease.expiresAt > now && lease.holder !== holder)
        return { answer: { kind: "held", holder: lease.holder } };
      const token = Math.max(now, (lease?.token ?? 0) + 1);
      return {
        write: { team, key, token, holder, expiresAt: now + leaseMs },
        answer: { kind: "acquired", token },
      };
    });
  }

  async tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean> {
    return await this.#change(team, key, ({ lease }, now) => {
      if (lease?.token !== token || lease.expiresAt <= now) return { answer: false };
      return { write: { ...lease, expiresAt: now + leaseMs }, answer: true };
    });
  }

  /** The file goes, unless the next token would not be greater without it. */
  async release(team: string, key: Digest, token: number): Promise<void> {
    await this.#change(team, key, ({ lease }, now) => {
      if (lease?.token !== token) return { answer: undefined };
      return { write: token < now ? null : freed(lease), answer: undefined };
    });
  }

  async tryRevoke(team: string, key: Digest): Promise<boolean> {
    return await this.#change(team, key, ({ lease }, now) => {
      if (!lease || lease.expiresAt <= now) return { answer: false };
      return { write: freed({ ...lease, token: lease.token + 1 }), answer: true };
    });
  }

  async list(team?: string): Promise<LiveLease[]> {
    return await withFolderFailure(this.#folder, async () => {
      const now = this.#clock.now();
      const names = team === undefined ? await listNames(this.#folder) : [teamFolderName(team)];
      const leases: LiveLease[] = [];
      for (const name of names) {
        const folder = this.#folderNamed(name);
        for await (const paths of folder.list("")) {
          for (const key of paths.map((path) => path.slice(-64)).filter(isDigest)) {
            const { lease } = await this.#read(folder, key);
            if (!lease || lease.expiresAt <= now) continue;
            const { token: _, ...live } = lease;
            leases.push(live);
          }
        }
      }
      return leases;
    });
  }

  /**
   * Decides upon what is there, and writes the next version, until no other process was faster.
   * @param decide `write`: the next version, or `null` to remove the file; absent: nothing changes
   */
  async #change<Answer>(
    team: string,
    key: Digest,
    decide: (seen: Seen, now: number) => { readonly write?: LeaseFile | null; readonly answer: Answer },
  ): Promise<Answer> {
    const folder = this.#folderNamed(teamFolderName(team));
    return await withFolderFailure(this.#folder, async () => {
      for (;;) {
        const seen = await this.#read(folder, key);
        const { write, answer } = decide(seen, this.#clock.now());
        if (write === undefined) return answer;
        if (write === null) {
          await removeVersion(folder, key, seen.version);
          await removeIfEmpty(dirname(pathOf(folder, key, seen.version)));
          return answer;
        }
        if (await this.#tryWrite(folder, key, seen.version, write)) return answer;
      }
    });
  }

  async #read(folder: TeamFolder, key: Digest): Promise<Seen> {
    for (;;) {
      const version = Math.max(0, ...(await listVersions(folder, key)));
      if (version === 0) return { version, lease: undefined };
      const text = await readIfPresent(pathOf(folder, key, version));
      if (text !== undefined) return { version, lease: parse(text) };
      // Another version took its place, or the lease was freed.
    }
  }

  /**
   * Creates the file after `version`. A process that was asleep since it read may create one beside those of others,
   * who began anew: it then finds more than it knows of, and takes its own away.
   */
  async #tryWrite(folder: TeamFolder, key: Digest, version: number, lease: LeaseFile): Promise<boolean> {
    // Left behind by a process that was killed.
    for (const older of await listVersions(folder, key))
      if (older < version) await removeVersion(folder, key, older);
    const own = version + 1;
    if (!(await folder.tryCreate(pathOf(folder, key, own), Buffer.from(JSON.stringify(lease))))) return false;
    const versions = await listVersions(folder, key);
    const isNext = versions.every((one) => one === version || one === own);
    if (version > 0 || !isNext) await removeVersion(folder, key, isNext ? version : own);
    return isNext;
  }

  #folderNamed(name: string): TeamFolder {
    const folder = this.#teams.get(name) ?? new TeamFolder(join(this.#folder, name), this.#clock);
    this.#teams.set(name, folder);
    return folder;
  }
}

function freed(lease: LeaseFile): LeaseFile {
  return { ...lease, holder: "", expiresAt: 0 };
}

function pathOf(folder: TeamFolder, key: Digest, version: number): string {
  return folder.pathOf(key, `/${version}.json`);
}

async function listVersions(folder: TeamFolder, key: Digest): Promise<number[]> {
  return (await listNames(folder.pathOf(key))).flatMap((name) => {
    const [, version] = VERSION.exec(name) ?? [];
    return version === undefined ? [] : [Number(version)];
  });
}

async function removeVersion(folder: TeamFolder, key: Digest, version: number): Promise<void> {
  await rm(pathOf(folder, key, version), { force: true });
}

/** Another process may be about to take the lease: then there is a file in the folder, or it makes it anew. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!isMissing(error) && !isNotEmpty(error)) throw error;
  }
}

function isNotEmpty(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST");
}

/** A file that was cut short by a power failure counts as free. */
function parse(text: Uint8Array): LeaseFile | undefined {
  let value: Partial<Record<keyof LeaseFile, unknown>> | null;
  try {
    value = readJson(text) as typeof value;
  } catch {
    return undefined;
  }
  const { team, key, token, holder, expiresAt } = value ?? {};
  const isLease =
    typeof team === "string" &&
    typeof key === "string" &&
    typeof token === "number" &&
    typeof holder === "string" &&
    typeof expiresAt === "number";
  return isLease ? { team, key, token, holder, expiresAt } : undefined;
}
