// What of this process's environment a worker gets to see.

const OWN_PREFIX = "MEMODAG_";

/**
 * The environment without memodag's own variables: any setting can be one of them, the database's URL
 * included.
 */
export function workerEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith(OWN_PREFIX)));
}
