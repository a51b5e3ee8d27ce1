// The parts that every page has: its title, its acts, and the command that prints the same.

import { useEffect, type ReactNode } from "react";
import { CommandHint } from "./command-hint.tsx";
import styles from "./page.module.css";

/**
 * A page. @param title of the window too
 * @param command the command that prints what the page shows, without `memodag`
 */
export function Page({
  title,
  heading = title,
  facts,
  actions,
  command,
  children,
}: {
  readonly title: string;
  readonly heading?: ReactNode;
  /** Beside the title: what it is about, in a few words. */
  readonly facts?: ReactNode;
  readonly actions?: ReactNode;
  readonly command?: string;
  readonly children: ReactNode;
}): ReactNode {
  useEffect(() => {
    document.title = `${title} · memodag`;
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <h1>{heading}</h1>
        <div className={styles.facts}>{facts}</div>
        <div className={styles.actions}>{actions}</div>
      </header>
      {children}
      {command !== undefined && <CommandHint command={command} />}
    </div>
  );
}
