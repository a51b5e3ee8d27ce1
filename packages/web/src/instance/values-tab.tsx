// The values of an instance: each with its size, as text.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { read } from "../data/api.ts";
import { formatBytes } from "../format/format.ts";
import styles from "./instance.module.css";
import type { TabProps } from "./instance-tab.ts";

/** The tab. */
export function ValuesTab({ name }: TabProps): ReactNode {
  const { data } = useSuspenseQuery(read("tasks.values", name));
  if (data.length === 0) return <Empty title="It has no values" />;
  return data.map(({ key, sizeBytes, store, digest, text, isWhole }) => (
    <section key={key} className={styles.value}>
      <h2>
        <code>{key}</code>
        <span className={styles.quiet} title={`sha256 ${digest}`}>
          {formatBytes(sizeBytes)}
          {store !== null && `, in ${store}`}
        </span>
      </h2>
      {text === null ? (
        <p className={styles.quiet}>Its bytes are gone, or too many to be shown here.</p>
      ) : (
        <pre className={styles.text} tabIndex={0} aria-label={`Value ${key}`}>
          {text}
        </pre>
      )}
      {!isWhole && text !== null && (
        <p className={styles.quiet}>
          This is its beginning. <code>memodag tasks xcom</code> prints all of it.
        </p>
      )}
    </section>
  ));
}
