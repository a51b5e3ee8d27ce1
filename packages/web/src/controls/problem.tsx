// Shows an error as text: what was wrong and how to fix it, its code, and the request that the server's log names.

import { MemodagApiError } from "@memodag/client";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import styles from "./problem.module.css";

/** An error. @param onRetry what to do about it; absent: nothing can be done here */
export function Problem({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactNode {
  const isAnswer = error instanceof MemodagApiError;
  return (
    <div className={styles.problem} role="alert">
      <p className={styles.detail}>{messageOf(error)}</p>
      {isAnswer && error.errors.length > 0 && (
        <ul>
          {error.errors.map(({ pointer, message }) => (
            <li key={pointer}>
              <code>{pointer}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {isAnswer && (
        <p className={styles.facts}>
          <code>{error.code}</code>
          {error.requestId !== "" && <> request {error.requestId}</>}
        </p>
      )}
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

function messageOf(error: unknown): string {
  if (error instanceof MemodagApiError) return error.message;
  if (error instanceof TypeError)
    return "The server does not answer: is memodag dev or memodag api-server running?";
  return error instanceof Error ? error.message : String(error);
}
