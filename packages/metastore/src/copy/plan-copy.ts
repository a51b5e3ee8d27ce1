// Which tables are copied, and in which order, as both databases' catalogues have it.

import { MIGRATION_TABLES } from "../migrate.ts";
import type { CopiedTable } from "../copy-side.ts";

/**
 * The tables to copy, each after those that its rows refer to. What either database has beside the tables of the
 * program, which are in both, is left alone.
 */
export function planCopy(source: readonly CopiedTable[], target: readonly CopiedTable[]): CopiedTable[] {
  const copied: CopiedTable[] = [];
  for (const table of source) {
    const twin = target.find(({ name }) => name === table.name);
    if (twin === undefined || MIGRATION_TABLES.includes(table.name)) continue;
    requireAlike(table, twin);
    copied.push(table);
  }
  return inOrder(copied);
}

/** Both were migrated by this program: anything else than the same columns is a fault of a migration. */
function requireAlike(table: CopiedTable, twin: CopiedTable): void {
  if (table.key.length === 0) throw new Error(`the table ${table.name} has no primary key to copy it by`);
  for (const { name, kind } of table.columns) {
    const other = twin.columns.find((column) => column.name === name);
    if (kind === undefined || other?.kind !== kind)
      throw new Error(`the column ${table.name}.${name} is not of one known type in both databases`);
  }
  if (twin.columns.length !== table.columns.length)
    throw new Error(`the table ${table.name} has other columns in the target`);
}

function inOrder(tables: readonly CopiedTable[]): CopiedTable[] {
  const ordered: CopiedTable[] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const waiting = new Set(rest.map(({ name }) => name));
    const isReady = ({ name, refersTo }: CopiedTable) =>
      refersTo.every((target) => target === name || !waiting.has(target));
    const ready = rest.filter(isReady);
    if (ready.length === 0) throw new Error(`tables refer to each other: ${[...waiting].join(", ")}`);
    for (const table of ready) ordered.push(table);
    rest = rest.filter((table) => !isReady(table));
  }
  return ordered;
}
