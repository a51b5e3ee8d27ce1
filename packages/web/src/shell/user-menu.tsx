// Who is signed in, and signing out. A menu of one entry needs no more than the browser has.

import type { ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Icon } from "../controls/icon.tsx";
import { signOut } from "../data/session.ts";
import { useSession } from "../data/use-session.ts";
import styles from "./frame.module.css";

/** The menu. */
export function UserMenu(): ReactNode {
  const { name } = useSession().me;
  return (
    <details className={styles.user}>
      <summary aria-label={`Signed in as ${name}`}>
        <Icon name="user" />
      </summary>
      <div className={styles.who}>
        {name}
        <Button onPress={() => void signOut()}>Sign out</Button>
      </div>
    </details>
  );
}
