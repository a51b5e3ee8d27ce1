// The tables of the REST API.

import type { ActorKind } from "@memodag/core";

/** A token of a program. */
interface ApiTokenTable {
  id: string;
  name: string;
  secret_digest: string;
  /** `null`: all. */
  team: string | null;
  role: string;
  has_values: number;
  made_by: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  used_at: number | null;
}

/** A person who is signed in. */
interface ApiSessionTable {
  secret_digest: string;
  code_digest: string;
  kind: ActorKind;
  subject: string;
  name: string;
  /** JSON list of names. */
  groups: string;
  created_at: number;
  expires_at: number;
}

/** By name. */
export interface ApiTables {
  api_token: ApiTokenTable;
  api_session: ApiSessionTable;
}
