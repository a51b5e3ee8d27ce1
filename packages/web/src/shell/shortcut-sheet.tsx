// The sheet of shortcuts, made of their table.

import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Dialog } from "../controls/dialog.tsx";
import styles from "./shortcut-sheet.module.css";
import { SHORTCUTS, type Shortcut } from "../shortcuts/table.ts";
import { hasShortcuts, turnShortcuts } from "../shortcuts/use-shortcut.ts";

/** The sheet, which is open. */
export function ShortcutSheet({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [isOn, setOn] = useState(hasShortcuts);
  const groups = Map.groupBy<Shortcut["where"], Shortcut>(Object.values(SHORTCUTS), ({ where }) => where);
  const turn = (): void => {
    turnShortcuts(!isOn);
    setOn(!isOn);
  };
  return (
    <Dialog
      title="Shortcuts"
      isOpen
      onClose={onClose}
      actions={<Button onPress={turn}>{isOn ? "Turn shortcuts off" : "Turn shortcuts on"}</Button>}
    >
      {[...groups].map(([where, shortcuts]) => (
        <section key={where} className={styles.group}>
          <h2>{where}</h2>
          <dl>
            {shortcuts.map(({ keys, does }) => (
              <div key={keys}>
                <dt>{does}</dt>
                <dd>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
