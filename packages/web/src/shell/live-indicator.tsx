// Says whether the page follows changes.

import type { ReactNode } from "react";
import { useLiveState } from "../live/live-provider.tsx";
import styles from "./frame.module.css";

const WORDS = {
  live: ["live", "Changes are shown as they happen"],
  waiting: ["connecting", "No connection to the server: what is shown may be old"],
} as const;

/** The indicator. */
export function LiveIndicator(): ReactNode {
  const state = useLiveState();
  const [word, sentence] = WORDS[state];
  return (
    <span className={styles.live} role="status" title={sentence}>
      <span className={styles.dot} data-state={state} />
      {word}
    </span>
  );
}
