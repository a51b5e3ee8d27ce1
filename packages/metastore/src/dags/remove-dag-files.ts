// Forgets Dag files that are gone from their bundle.

import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** The script that forgets the files of a bundle that are not kept; their Dags leave the list. */
export function* removeDagFiles(
  { kysely }: Dialect,
  bundle: string,
  kept: ReadonlySet<string>,
): TransactionScript<void> {
  const files = yield* statement(kysely.selectFrom("dag_file").select("path").where("bundle", "=", bundle));
  for (const { path } of files.filter((file) => !kept.has(file.path))) {
    yield* statement(kysely.deleteFrom("dag_file").where("bundle", "=", bundle).where("path", "=", path));
    yield* statement(
      kysely.updateTable("dag").set({ is_active: 0 }).where("bundle", "=", bundle).where("path", "=", path),
    );
  }
}
