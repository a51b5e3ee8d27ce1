// Tabs that are pages of their own: links, of which one is where the user is.

import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./nav-tabs.module.css";

/** A tab. */
export interface NavTab {
  readonly text: string;
  readonly link: LinkProps;
  /** True: only its own address, and not those below, is this tab. */
  readonly isExact?: boolean;
}

/** A row of tabs. */
export function NavTabs({
  label,
  tabs,
}: {
  readonly label: string;
  readonly tabs: readonly NavTab[];
}): ReactNode {
  return (
    <nav aria-label={label} className={styles.tabs}>
      {tabs.map(({ text, link, isExact = false }) => (
        <Link
          key={text}
          {...link}
          activeOptions={{ exact: isExact, includeSearch: false }}
          className={styles.tab}
        >
          {text}
        </Link>
      ))}
    </nav>
  );
}
