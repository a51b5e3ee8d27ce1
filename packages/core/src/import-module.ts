// Loads a module by a URL that is known only when the program runs.

/**
 * Returns the exports of a module.
 *
 * The only `import()` of a variable in the packages that the command is made of: their code may be compiled by
 * `node:vm`, where Node supports none. This file is loaded by Node itself.
 */
export async function importModule(url: string): Promise<unknown> {
  return (await import(/* @vite-ignore */ url)) as unknown;
}
