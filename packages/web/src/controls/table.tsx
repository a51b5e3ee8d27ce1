// Tables: rows of one height, with a head that stays. Rows are chosen with j and k, and opened with Enter.

import { useCallback, useRef, type ReactNode } from "react";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import styles from "./table.module.css";

/** A column. */
export interface Column<T> {
  readonly id: string;
  readonly head: ReactNode;
  readonly cell: (row: T) => ReactNode;
  /** `end`: numbers. */
  readonly align?: "start" | "end";
}

/** A table. @param caption for screen readers @param empty shown where there are no rows */
export function Table<T>({
  caption,
  columns,
  rows,
  keyOf,
  empty,
}: {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly empty: ReactNode;
}): ReactNode {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  if (rows.length === 0) return empty;
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <caption className={styles.caption}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ id, head, align = "start" }) => (
              <th key={id} scope="col" className={styles[align]}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ id, cell, align = "start" }) => (
                <td key={id} className={styles[align]}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Moves the focus between the first links of rows. */
function useRowKeys(body: { readonly current: HTMLTableSectionElement | null }): void {
  const move = useCallback(
    (by: number) => {
      const links = [...(body.current?.rows ?? [])].flatMap((row) => row.querySelector("a") ?? []);
      const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
      const next = at < 0 ? 0 : at + by;
      links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
    },
    [body],
  );
  useShortcut(
    "list.next",
    useCallback(() => move(1), [move]),
  );
  useShortcut(
    "list.previous",
    useCallback(() => move(-1), [move]),
  );
}
