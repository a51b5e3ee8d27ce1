// Who this process acts for: the operating system's user that it runs as.

import { hostname, userInfo } from "node:os";
import type { AuditActor } from "@memodag/core";

/** The operating system's user that this process runs as. */
export function currentActor(): AuditActor {
  return { kind: "os_user", name: userName(), host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without a name, as containers have them.
    return String(process.getuid?.() ?? "unknown");
  }
}
