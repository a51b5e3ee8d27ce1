// The command that prints what a page shows, to be copied.

import { useState, type ReactNode } from "react";
import { Button } from "./button.tsx";
import styles from "./command-hint.module.css";
import { Icon } from "./icon.tsx";

export { quoted } from "../format/quoted.ts";

/** A command. @param command without `memodag`, such as `runs ls` */
export function CommandHint({ command }: { readonly command: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const text = `memodag ${command}`;
  return (
    <div className={styles.hint}>
      <Icon name="terminal" />
      <code>{text}</code>
      <Button
        look="quiet"
        aria-label={`Copy ${text}`}
        onPress={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {isCopied ? "copied" : <Icon name="copy" />}
      </Button>
    </div>
  );
}
