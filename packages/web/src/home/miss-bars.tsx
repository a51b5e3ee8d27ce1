// Why tasks ran though they are cached: reasons with their counts.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { keepTeam } from "../controls/keep-team.ts";
import type { OutputOf } from "../data/api.ts";
import { formatCount } from "../format/format.ts";
import { reasonWords } from "../format/reasons.ts";
import styles from "./home-page.module.css";

const MOST_REASONS = 8;

/** The reasons. */
export function MissBars({
  misses,
  days,
}: {
  readonly misses: OutputOf<"runs.home">["misses"];
  readonly days: number;
}): ReactNode {
  const most = Math.max(1, ...misses.map(({ count }) => count));
  if (misses.length === 0) return <p className={styles.quiet}>No lookup missed.</p>;
  return (
    <ul className={styles.list}>
      {misses.slice(0, MOST_REASONS).map(({ reason, count }) => (
        <li key={reason}>
          <Link to="/cache/reasons" search={(previous) => ({ ...keepTeam(previous), days })}>
            {reasonWords(reason)}
          </Link>
          <span className={styles.aside}>{formatCount(count)}</span>
          <svg className={styles.bar} viewBox="0 0 72 8" aria-hidden="true">
            <rect width={(count / most) * 72} height="8" fill="var(--state-queued)" />
          </svg>
        </li>
      ))}
    </ul>
  );
}
