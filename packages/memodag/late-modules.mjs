// Loads modules of Node's when they are first used, and not with the file that imports them.
//
// An `import` of `node:child_process` alone takes as long as reading a whole command. What Node loads before any
// program is left as it is.

import { builtinModules as names } from "node:module";

/** Loaded by Node itself, so that there is nothing to win. */
const LOADED_BY_NODE = new Set([
  "async_hooks",
  "buffer",
  "events",
  "fs",
  "module",
  "path",
  "process",
  "timers",
  "url",
  "util",
]);

const PREFIX = "\0late:";

/** True for what stands for such a module in the bundle. */
export const isLate = (id) => id.startsWith(PREFIX);

/**
 * Every export of such a module is read from it where it is used: what a file extends or calls when it is loaded itself
 * loads the module then.
 *
 * @type {import("rolldown").Plugin}
 */
export const lateModules = {
  name: "late-modules",
  resolveId(id, _importer, { kind }) {
    const name = id.replace(/^node:/, "");
    if (kind === "require-call" || !names.includes(name) || LOADED_BY_NODE.has(name)) return null;
    return { id: PREFIX + name, moduleSideEffects: false };
  },
  load(id) {
    if (!id.startsWith(PREFIX)) return null;
    const path = `node:${id.slice(PREFIX.length)}`;
    const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
    const getters = Object.keys(process.getBuiltinModule(path))
      .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name))
      .map((name) => `get ${name}() { return ${load}.${name}; }`);
    return `module.exports = { ${getters.join(", ")} };`;
  },
};
