// A token that was just made: it is shown once.

import { useState, type ReactNode } from "react";
import { Button } from "./button.tsx";
import styles from "./made-token.module.css";

/** The token with a button that copies it. */
export function MadeToken({ token }: { readonly token: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  return (
    <div className={styles.made} role="status">
      <p>This is the token. It is shown once: nothing can show it again.</p>
      <code className={styles.token}>{token}</code>
      <Button onPress={() => void navigator.clipboard.writeText(token).then(() => setCopied(true))}>
        {isCopied ? "Copied" : "Copy the token"}
      </Button>
    </div>
  );
}
