// All tables as Kysely sees them. The migrations make them; this only names what is there.

import type { ApiTables } from "./api-tables.ts";
import type { AuditTables } from "./audit-tables.ts";
import type { CacheTables } from "./cache-tables.ts";
import type { DagTables } from "./dag-tables.ts";
import type { ProcessTables } from "./process-tables.ts";
import type { RemoteTables } from "./remote-tables.ts";
import type { RunTables } from "./run-tables.ts";

/** All tables. */
export interface Schema
  extends ApiTables, AuditTables, CacheTables, DagTables, ProcessTables, RemoteTables, RunTables {}
