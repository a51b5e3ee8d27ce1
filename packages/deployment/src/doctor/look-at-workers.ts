// Judges what is known of workers on other machines. Functions of values.

import { formatDuration, queueOf, type DagVersion, type WorkerHost, type WorkerToken } from "@memodag/core";
import type { ProbedQueue } from "./probe-queue.ts";

/** A new token has to reach the workers before an old one expires. Milliseconds. */
const SOON_MS = 7 * 86_400_000;

/** Workers whose code or runtime is another one than that of this machine, by what differs. */
export function describeVersions(
  hosts: readonly WorkerHost[],
  own: { readonly version: string; readonly node: string },
): string[] {
  const namesOf = (differs: (host: WorkerHost) => boolean): string =>
    hosts
      .filter((host) => host.state !== "lost" && differs(host))
      .map(({ name, version, node }) => `${name} (memodag ${version}, Node ${node})`)
      .join(", ");
  const otherVersion = namesOf(({ version }) => version !== own.version);
  const otherNode = namesOf(({ node }) => node !== own.node);
  return [
    ...(otherVersion === ""
      ? []
      : [
          `${otherVersion}: not memodag ${own.version}, as here. Upgrade schedulers first, then drain and upgrade workers`,
        ]),
    ...(otherNode === ""
      ? []
      : [
          `${otherNode}: not Node ${own.node}, as here. Results of cached tasks may not be stored: \`memodag worker --check\` there says`,
        ]),
  ];
}

/** Tokens that workers use, and that are about to expire. */
export function describeTokens(
  tokens: readonly WorkerToken[],
  hosts: readonly WorkerHost[],
  now: number,
): string[] {
  return tokens.flatMap(({ id, name, expiresAt, revokedAt }) => {
    if (expiresAt === null || revokedAt !== null || expiresAt <= now || expiresAt > now + SOON_MS) return [];
    const users = hosts.filter(({ tokenId, state }) => tokenId === id && state !== "lost").length;
    return [
      `the token ${name} (${id}) expires in ${formatDuration(expiresAt - now)}; ${users} workers use it: make another one ` +
        "with `memodag workers token`",
    ];
  });
}

/** The queues that tasks of Dags are in, each with a team that has tasks there; by name. */
export function queuesOf(versions: readonly Pick<DagVersion, "team" | "dag">[]): ProbedQueue[] {
  const found = new Map<string, ProbedQueue>();
  for (const { team, dag } of versions)
    for (const task of dag.tasks) {
      const queue = queueOf(task);
      if (!found.has(queue)) found.set(queue, { queue, team });
    }
  return [...found.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}
