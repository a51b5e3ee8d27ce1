// Says that there is nothing, and what to do about it.

import type { ReactNode } from "react";
import styles from "./empty.module.css";

/** An empty state. @param children what to do: sentences, a command, a button */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
