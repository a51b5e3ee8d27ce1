// Decides which of memodag's own environment variables are passed to processes that run authors' code.

/** Any setting can be one of these, including the database's URL. */
const OWN_PREFIX = "MEMODAG_";

/** Variables of PostgreSQL's client library. If set, they configure memodag's own connection. */
const POSTGRES = /^PG[A-Z]/;

/** The password of memodag's own database. Never passed to a task, even if the task declares it. */
const PASSWORD = "PGPASSWORD";

/**
 * True for a PostgreSQL variable that a worker receives if its task declares it. This includes the path
 * of the password file, but not the password.
 */
export function isGivenWhenDeclared(name: string): boolean {
  return POSTGRES.test(name) && name !== PASSWORD;
}

/** True for a variable that a worker also receives if the config lists it in `ordinary_env`. */
export function isGivenWhenOrdinary(name: string): boolean {
  return isGivenWhenDeclared(name) && name !== "PGPASSFILE";
}

/** True for a variable that is not passed by default to workers and to processes that load Dag files. */
export function isKeptFromAuthors(name: string): boolean {
  return name.startsWith(OWN_PREFIX) || POSTGRES.test(name);
}
