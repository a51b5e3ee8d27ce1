// Identifies the operating system user on whose behalf this process acts.

import { hostname, userInfo } from "node:os";
import { LONGEST_ACTOR_NAME, type AuditActor } from "@memodag/core";

/** The operating system's user that this process runs as. */
export function currentActor(): AuditActor {
  // Truncated to a name that the audit log accepts.
  const name = userName().slice(0, LONGEST_ACTOR_NAME) || "unknown";
  return { kind: "os_user", name, host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without a name, as containers have them.
    return String(process.getuid?.() ?? "unknown");
  }
}
