// The version of the protocol between worker hosts and the worker API, and which versions go together.

/** The version of this memodag: major and minor. A change of bytes that a task's result depends on raises it, too. */
export const PROTOCOL_VERSION = "1.0";

/** The header in which each side says its version; a minor of 0 is left out. */
export const PROTOCOL_HEADER = "memodag-protocol";

const VERSION = /^(?<major>\d{1,4})(?:\.(?<minor>\d{1,4}))?$/;

/** Returns what to do about a host's version, or `null` if it is served: it may be one minor older, and not newer. */
export function findVersionFault(said: string | undefined, served: string = PROTOCOL_VERSION): string | null {
  const host = said === undefined ? undefined : readVersion(said);
  const own = readVersion(served);
  if (!host || !own)
    return `The header ${PROTOCOL_HEADER} must be a version such as ${toHeader(served)}, got ${JSON.stringify(said ?? "")}`;
  const isNewer = host.major > own.major || (host.major === own.major && host.minor > own.minor);
  if (isNewer)
    return `The worker speaks protocol ${said}, this worker API ${toHeader(served)}: upgrade the schedulers first, then the workers`;
  if (host.major < own.major || host.minor < own.minor - 1)
    return `The worker speaks protocol ${said}, this worker API ${toHeader(served)}: drain the worker and upgrade it`;
  return null;
}

/** The version as it is in the header. */
export function toHeader(version: string = PROTOCOL_VERSION): string {
  return version.replace(/\.0$/, "");
}

function readVersion(version: string): { readonly major: number; readonly minor: number } | undefined {
  const { major, minor = "0" } = VERSION.exec(version)?.groups ?? {};
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
