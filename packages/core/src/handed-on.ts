// Which variables of memodag's own environment processes with code of authors get to see.

/** Any setting can be one, the database's URL included. */
const OWN_PREFIX = "MEMODAG_";

/** How PostgreSQL's client library is told of a server and a password. Those that are set are memodag's. */
const POSTGRES = /^PG[A-Z]/;

/** True for a variable that neither a worker nor a process that loads Dag files is given. */
export function isKeptFromAuthors(name: string): boolean {
  return name.startsWith(OWN_PREFIX) || POSTGRES.test(name);
}
