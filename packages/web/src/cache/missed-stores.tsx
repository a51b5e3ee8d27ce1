// Stores that did not answer: what is shown is without them.

import type { ReactNode } from "react";
import styles from "./cache-page.module.css";

/** A note; nothing if all stores answered. */
export function MissedStores({
  missed = [],
}: {
  readonly missed?: readonly { readonly store: string; readonly reason: string }[] | undefined;
}): ReactNode {
  if (missed.length === 0) return null;
  return (
    <div className={styles.off} role="status">
      {missed.map(({ store, reason }) => (
        <p key={store}>
          Without the store <code>{store}</code>, which did not answer: {reason}
        </p>
      ))}
    </div>
  );
}
