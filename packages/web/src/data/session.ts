// Who is signed in, and signing in by a link: its code is in the fragment, which browsers send to no one.

import type { SessionReport } from "@memodag/api-contract";
import { ask } from "./api.ts";

const CODE = /^#in=(?<code>.+)$/;

/** A session, or none. */
export interface Session extends SessionReport {
  /** Why the link of the address did not sign in. Absent: it did, or there was none. */
  readonly fault?: unknown;
}

let signingIn: Promise<unknown> | undefined;

/** Opens a session if the address has a code, which is removed from it. Call it before anything is asked. */
export function signInByLink(): void {
  // A link that is opened in this tab changes nothing but the fragment.
  addEventListener("hashchange", () => CODE.test(location.hash) && location.reload());
  const code = CODE.exec(location.hash)?.groups?.["code"];
  if (code === undefined) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  signingIn = ask("/session", { method: "POST", body: JSON.stringify({ code }) }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Asks who is signed in. */
export const sessionQuery = {
  queryKey: ["session"],
  queryFn: async (): Promise<Session> => {
    // A link that was used before may have left a session that is valid.
    const fault = await signingIn;
    return { ...(await ask<SessionReport>("/session")), fault };
  },
  staleTime: Infinity,
} as const;

/** Ends the session. */
export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" });
  location.assign("/");
}
