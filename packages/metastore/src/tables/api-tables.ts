// The tables of the REST API.

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

/** By name. */
export interface ApiTables {
  api_token: ApiTokenTable;
}
