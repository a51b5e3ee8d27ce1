// Which names files and folders get: none that a team's or a key's text could lead out of its folder.

import { MemodagError, sha256, type Digest } from "@memodag/core";

const DIGEST = /^[0-9a-f]{64}$/;

/** Lower case alone: some file systems do not tell `ML` from `ml`. */
const PLAIN_TEAM = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const TEAM_PREFIX = "team-";

/** Whether a string is a digest: 64 lower-case hexadecimal digits. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/**
 * Throws on a name that is no digest, before it gets near a path.
 * @throws MemodagError `cache_backend_failed`
 */
export function requireDigest(name: string): Digest {
  if (isDigest(name)) return name;
  throw new MemodagError(
    "cache_backend_failed",
    `${JSON.stringify(name.slice(0, 80))} names no cached file: use a key or digest of 64 lower-case hexadecimal digits`,
    { fields: { name } },
  );
}

/** The team of a folder; `undefined` when its name does not say. Teams of a config all have plain names. */
export function teamOfFolder(name: string): string | undefined {
  const team = name.startsWith(TEAM_PREFIX) ? name.slice(TEAM_PREFIX.length) : "";
  return PLAIN_TEAM.test(team) ? team : undefined;
}

/** The folder of a team: readable where the name is plain, else by digest. No two teams share one. */
export function teamFolderName(team: string): string {
  return PLAIN_TEAM.test(team) ? `${TEAM_PREFIX}${team}` : `sha256-${sha256(JSON.stringify(team))}`;
}
