// Facts: names with values, in a row or below each other.

import type { ReactNode } from "react";
import styles from "./facts.module.css";

/** A list of facts; those without a value are left out. */
export function Facts({
  facts,
  look = "row",
}: {
  readonly facts: readonly (readonly [name: string, value: ReactNode])[];
  /** `row`: numbers beside each other. `list`: one below the other. */
  readonly look?: "row" | "list";
}): ReactNode {
  return (
    <dl className={styles[look]}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
