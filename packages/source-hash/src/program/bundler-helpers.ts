// The functions that esbuild adds to an artifact. They are recognized by their code, written with
// numbered variables, because esbuild renames variables to avoid conflicts. A function that differs is
// treated like any other code, so that a new esbuild can widen a hash but never narrow one.

import { parse } from "acorn";
import { contains, isNode, nameOf, type Node } from "./node.ts";
import type { Binding } from "./binding.ts";
import { resolveBindings } from "./resolve-bindings.ts";

/** Names of the bundler's functions, as it writes them unless they conflict with the code's names. */
export type HelperName =
  | "__commonJS"
  | "__copyProps"
  | "__create"
  | "__defProp"
  | "__esm"
  | "__export"
  | "__getOwnPropDesc"
  | "__getOwnPropNames"
  | "__getProtoOf"
  | "__hasOwnProp"
  | "__name"
  | "__require"
  | "__toCommonJS"
  | "__toESM";

const TEXTS: Readonly<Record<HelperName, string>> = {
  __defProp: "Object.defineProperty",
  __name: `(target, value) => __defProp(target, "name", { value, configurable: true })`,
  __export: `(target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); }`,
  __esm: `(fn, res, err) => function __init() { if (err) throw err[0]; try { return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res; } catch (e) { throw err = [e], e; } }`,
  __commonJS: `(cb, mod) => function __require2() { try { return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; } catch (e) { throw mod = 0, e; } }`,
  __copyProps: `(to, from, except, desc) => { if (from && typeof from === "object" || typeof from === "function") { for (let key of __getOwnPropNames(from)) if (!__hasOwnProp.call(to, key) && key !== except) __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable }); } return to; }`,
  __toESM: `(mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target, mod))`,
  __toCommonJS: `(mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod)`,
  __getOwnPropNames: "Object.getOwnPropertyNames",
  __getOwnPropDesc: "Object.getOwnPropertyDescriptor",
  __getProtoOf: "Object.getPrototypeOf",
  __create: "Object.create",
  __hasOwnProp: "Object.prototype.hasOwnProperty",
  __require: `((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, { get: (a, b) => (typeof require !== "undefined" ? require : a)[b] }) : x)(function(x) { if (typeof require !== "undefined") return require.apply(this, arguments); throw Error('Dynamic require of "' + x + '" is not supported'); })`,
};

/** Resolves an identifier of an initialiser to a helper that was found before, or to a binding. */
export type ResolveName = (identifier: Node) => HelperName | Binding | null | undefined;

/** Returns the helper that an initialiser defines, or `undefined`. */
export function helperOf(initialiser: Node, resolve: ResolveName): HelperName | undefined {
  // No helper is longer, which excludes most initialisers cheaply.
  if (initialiser.end - initialiser.start > LONGEST) return undefined;
  return byForm().get(formOf(initialiser, resolve));
}

const LONGEST = 1_500;
let forms: ReadonlyMap<string, HelperName> | undefined;

function byForm(): ReadonlyMap<string, HelperName> {
  return (forms ??= new Map(
    (Object.entries(TEXTS) as [HelperName, string][]).map(([name, text]) => [formOfText(text), name]),
  ));
}

function formOfText(text: string): string {
  const root = parse(`export default ${text};`, {
    ecmaVersion: "latest",
    sourceType: "module",
    ranges: true,
  }) as unknown as Node;
  const { byIdentifier } = resolveBindings(root);
  const [statement] = root["body"] as Node[];
  return formOf(statement?.["declaration"] as Node, (identifier) => {
    const name = nameOf(identifier) as string;
    const binding = byIdentifier.get(identifier);
    return binding === null && name in TEXTS ? (name as HelperName) : binding;
  });
}

/** Formats an expression with its own variables replaced by numbers. */
function formOf(root: Node, resolve: ResolveName): string {
  const numbers = new Map<Binding, number>();
  const write = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(write).join()}]`;
    if (!isNode(value)) return JSON.stringify(value) ?? "";
    if (value.type === "Identifier") {
      const named = resolve(value);
      if (typeof named === "string") return `helper ${named}`;
      if (!named || !contains(root, named.scope.block as unknown as Node)) return `word ${nameOf(value)}`;
      if (!numbers.has(named)) numbers.set(named, numbers.size);
      return `local ${numbers.get(named)}`;
    }
    const fields = Object.entries(value).filter(([field]) => !UNWRITTEN.has(field));
    return `{${fields.map(([field, inner]) => `${field}:${write(inner)}`).join()}}`;
  };
  return write(root);
}

const UNWRITTEN: ReadonlySet<string> = new Set(["start", "end", "range", "raw", "shorthand"]);
