// A button with a menu of acts.

import type { ReactNode } from "react";
import { Menu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Button } from "./button.tsx";
import styles from "./popover.module.css";

/** An entry. */
export interface MenuEntry {
  readonly id: string;
  readonly text: string;
  readonly isDisabled?: boolean;
}

/** A button that opens a menu. @param label what a screen reader says where the button has no text */
export function MenuButton({
  children,
  label,
  entries,
  onChoose,
  look = "quiet",
}: {
  readonly children: ReactNode;
  readonly label?: string;
  readonly entries: readonly MenuEntry[];
  readonly onChoose: (id: string) => void;
  readonly look?: "plain" | "quiet";
}): ReactNode {
  return (
    <MenuTrigger>
      <Button look={look} {...(label !== undefined && { "aria-label": label })}>
        {children}
      </Button>
      <Popover className={styles.popover ?? ""} placement="bottom end" offset={4}>
        <Menu
          className={styles.list ?? ""}
          onAction={(key) => onChoose(String(key))}
          disabledKeys={entries.filter(({ isDisabled }) => isDisabled).map(({ id }) => id)}
        >
          {entries.map(({ id, text }) => (
            <MenuItem key={id} id={id} className={styles.item ?? ""}>
              {text}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
