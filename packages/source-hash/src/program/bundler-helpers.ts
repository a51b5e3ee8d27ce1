// The functions that esbuild writes into an artifact. Known by name and by text: one whose text is
// another is treated as any other code, so that a new esbuild can widen a hash and never narrow one.

const TEXTS: Readonly<Record<string, string>> = {
  __defProp: "Object.defineProperty",
  __name: `(target, value) => __defProp(target, "name", { value, configurable: true })`,
  __export: `(target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); }`,
  __esm: `(fn, res, err) => function __init() { if (err) throw err[0]; try { return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res; } catch (e) { throw err = [e], e; } }`,
  __commonJS: `(cb, mod) => function __require2() { try { return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; } catch (e) { throw mod = 0, e; } }`,
  __getOwnPropNames: "Object.getOwnPropertyNames",
  __getOwnPropDesc: "Object.getOwnPropertyDescriptor",
  __getProtoOf: "Object.getPrototypeOf",
  __create: "Object.create",
  __hasOwnProp: "Object.prototype.hasOwnProperty",
  __require: `((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, { get: (a, b) => (typeof require !== "undefined" ? require : a)[b] }) : x)(function(x) { if (typeof require !== "undefined") return require.apply(this, arguments); throw Error('Dynamic require of "' + x + '" is not supported'); })`,
};

/** Names of the functions that the artifact's own code may be recognised by. */
export type HelperName = "__name" | "__export" | "__esm" | "__commonJS" | "__require";

/** True when a variable of that name and initialiser is the bundler's own. */
export function isHelperText(name: string, initialiser: string): boolean {
  const text = TEXTS[name];
  return text !== undefined && squeeze(initialiser) === squeeze(text);
}

/** Spacing aside, and a name that esbuild may have numbered to keep it apart from the code's. */
function squeeze(text: string): string {
  return text
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/\s+/g, "")
    .replace(/\bb2\b/g, "b")
    .replace(/\b__require\d+\b/g, "__require2");
}
