// Which variables of memodag's own environment processes with code of authors get to see.

/** Any setting can be one, the database's URL included. */
const OWN_PREFIX = "MEMODAG_";

/** How PostgreSQL's client library is told of a server and a password. Those that are set are memodag's. */
const POSTGRES = /^PG[A-Z]/;

/** Opens memodag's own database: no task is given it, named or not. */
const PASSWORD = "PGPASSWORD";

/**
 * True for one of PostgreSQL's variables that a worker is given where its task declares it. The file of passwords is
 * among them, the password itself is not.
 */
export function isGivenWhenDeclared(name: string): boolean {
  return POSTGRES.test(name) && name !== PASSWORD;
}

/** True for one that a worker is given as well where the config names it as ordinary. */
export function isGivenWhenOrdinary(name: string): boolean {
  return isGivenWhenDeclared(name) && name !== "PGPASSFILE";
}

/** True for a variable that neither a worker nor a process that loads Dag files is given unasked. */
export function isKeptFromAuthors(name: string): boolean {
  return name.startsWith(OWN_PREFIX) || POSTGRES.test(name);
}
