// The one page for browsers without a session: there is no form, as there is no password.

import type { ReactNode } from "react";
import { Page } from "../controls/page.tsx";
import { Problem } from "../controls/problem.tsx";
import styles from "./sign-in-page.module.css";

/** Says how to sign in. @param fault why the link of the address did not */
export function SignInPage({ fault }: { readonly fault: unknown }): ReactNode {
  return (
    <main className={styles.room}>
      <Page title="Sign in" heading="Sign in to memodag">
        {fault !== undefined && <Problem error={fault} />}
        <p>
          Run <code>memodag ui</code> in the project's folder. It opens this page signed in.
        </p>
        <p className={styles.quiet}>
          On another machine, it prints a link that is valid for 15 minutes, once. A user who can read the
          project's state directory can make one, as they can read the database.
        </p>
      </Page>
    </main>
  );
}
