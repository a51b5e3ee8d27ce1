// Loaded before memodag: it kills its process with -9 in place of a statement for the database. KILL_AT has patterns, a
// line each; they are matched one after another against what is sent, and at the last one the process dies.

import { Socket } from "node:net";

/** What is needed of the addon of better-sqlite3, whose JavaScript is in memodag's bundle. */
interface Database {
  prepare(source: string, owner: unknown, ...flags: boolean[]): Statement;
}
type Statement = Record<"run" | "get" | "all" | "iterate", (...parameters: unknown[]) => unknown>;
interface Addon {
  readonly exports: { readonly Database?: { readonly prototype: Database } };
}

const due = (process.env["KILL_AT"] ?? "").split("\n").map((pattern) => new RegExp(pattern, "i"));

// It is neither the worker's nor a part of any key.
delete process.env["NODE_OPTIONS"];
delete process.env["KILL_AT"];

function pass(sent: string): void {
  if (!due[0]?.test(sent)) return;
  due.shift();
  if (due.length === 0) process.kill(process.pid, "SIGKILL");
}

const load = process.dlopen.bind(process);
process.dlopen = (module, ...rest) => {
  load(module, ...rest);
  const prototype = (module as Addon).exports.Database?.prototype;
  if (prototype) watchStatements(prototype);
};

function watchStatements(prototype: Database): void {
  const prepare: unknown = Reflect.get(prototype, "prepare");
  prototype.prepare = function (source, owner, ...flags) {
    const statement = (prepare as Database["prepare"]).call(this, source, owner, ...flags);
    for (const name of ["run", "get", "all", "iterate"] as const) {
      const call = statement[name].bind(statement);
      const watched = (...parameters: unknown[]): unknown => {
        pass(`${source} ${JSON.stringify(parameters)}`);
        return call(...parameters);
      };
      Object.defineProperty(statement, name, { value: watched, configurable: true });
    }
    return statement;
  };
}

// What is sent to PostgreSQL is readable; parameters come after their statement.
const write: unknown = Reflect.get(Socket.prototype, "write");
Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
  const [sent] = args;
  pass(Buffer.isBuffer(sent) ? sent.toString("latin1") : String(sent));
  return Reflect.apply(write as (...given: unknown[]) => boolean, this, args);
} as Socket["write"];
