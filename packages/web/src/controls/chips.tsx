// Chips: filters that are on or off, one or none of each group.

import type { ReactNode } from "react";
import { ToggleButton } from "react-aria-components/ToggleButton";
import styles from "./chips.module.css";

/** A chip. */
export interface Chip<T extends string> {
  readonly id: T;
  readonly text: string;
  /** Before the text. */
  readonly mark?: ReactNode;
}

/** A group of chips. @param value the one that is on; undefined: none */
export function Chips<T extends string>({
  label,
  chips,
  value,
  onChange,
}: {
  readonly label: string;
  readonly chips: readonly Chip<T>[];
  readonly value: T | undefined;
  readonly onChange: (value: T | undefined) => void;
}): ReactNode {
  return (
    <div className={styles.chips} role="group" aria-label={label}>
      {chips.map(({ id, text, mark }) => (
        <ToggleButton
          key={id}
          className={styles.chip ?? ""}
          isSelected={id === value}
          onChange={(isOn) => onChange(isOn ? id : undefined)}
        >
          {mark}
          {text}
        </ToggleButton>
      ))}
    </div>
  );
}
