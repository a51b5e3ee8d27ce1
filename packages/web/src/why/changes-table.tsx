// The parts by which two keys differ, with short forms of their values. All of them are text.

import type { ReactNode } from "react";
import { Table } from "../controls/table.tsx";
import { changeName, kindWords, type Change } from "./change-words.ts";
import styles from "./changes-table.module.css";

/** The table. */
export function ChangesTable({ changes }: { readonly changes: readonly Change[] }): ReactNode {
  return (
    <Table
      caption="What changed"
      rows={changes}
      keyOf={({ kind, path }) => `${kind} ${path}`}
      columns={[
        { id: "kind", head: "Changed", cell: kindWords },
        {
          id: "name",
          head: "Name",
          cell: (change) => <code className={styles.value}>{changeName(change)}</code>,
        },
        { id: "before", head: "Before", cell: ({ before }) => <Value text={before} /> },
        { id: "after", head: "After", cell: ({ after }) => <Value text={after} /> },
      ]}
      empty={null}
    />
  );
}

function Value({ text }: { readonly text: string | null }): ReactNode {
  return text === null ? (
    <span className={styles.none}>not there</span>
  ) : (
    <code className={styles.value}>{text}</code>
  );
}
