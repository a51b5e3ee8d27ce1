// The one page for browsers without a session: there is no form, as there is no password.

import type { ReactNode } from "react";
import { Page } from "../controls/page.tsx";
import { Problem } from "../controls/problem.tsx";
import styles from "./sign-in-page.module.css";

/** The parts of {@link SignInPage}. */
interface SignInPageProps {
  /** Why the link of the address did not sign in. */
  readonly fault: unknown;
  /** True if there is an OpenID provider. */
  readonly hasProvider: boolean;
}

/** Says how to sign in. */
export function SignInPage({ fault, hasProvider }: SignInPageProps): ReactNode {
  return (
    <main className={styles.room}>
      <Page title="Sign in" heading="Sign in to memodag">
        {fault !== undefined && <Problem error={fault} />}
        {hasProvider && (
          <p>
            <a href="/api/v1/session/oidc">Sign in at your organization's provider</a>
          </p>
        )}
        <p>
          Run <code>memodag ui</code> in the project's folder. It prints a link that signs in.
        </p>
        <p className={styles.quiet}>
          The link is valid for 15 minutes, once. A user who can read the project's state directory can make
          one, as they can read the database.
        </p>
      </Page>
    </main>
  );
}
