// Uses the V8 inspector to read properties of a function that JavaScript does not expose: its location,
// its scopes, its bound target.

import { Session, type Runtime } from "node:inspector";

/** The properties of a function that V8 exposes. */
export interface InspectedFunction {
  /** `null` for a function without source, such as a built-in one. */
  readonly location: { readonly scriptId: string; readonly line: number; readonly column: number } | null;
  /**
   * Variables of the enclosing functions and blocks, innermost scope first, without those of the module.
   */
  readonly scopes: readonly Readonly<Record<string, unknown>>[];
  /** True for the result of `bind`, whose target is not accessible to JavaScript. */
  readonly isBound: boolean;
}

const HOLDER = Symbol.for("memodag.inspected");
const HOLDER_EXPRESSION = `globalThis[Symbol.for("memodag.inspected")]`;

type Holder = Record<typeof HOLDER, unknown>;

/** An inspector session of this process with itself. */
export class FunctionInspector {
  readonly #session = new Session();
  /** The number of scopes of a top-level function, by script. */
  readonly #moduleScopes = new Map<string, string>();

  constructor() {
    this.#session.connect();
  }

  /** Ends the session. */
  close(): void {
    this.#session.disconnect();
  }

  inspect(functions: readonly unknown[]): InspectedFunction[] {
    return withHeld(functions, () => {
      const holder = this.#post<Runtime.EvaluateReturnType>("Runtime.evaluate", {
        expression: HOLDER_EXPRESSION,
      });
      const { result } = this.#properties(holder.result.objectId);
      const ids = new Map(result.map(({ name, value }) => [name, value?.objectId]));
      return functions.map((_, index) => this.#inspectOne(ids.get(String(index))));
    });
  }

  /** URLs of scripts by id. Slow, so it is used only if needed. */
  scriptUrls(): ReadonlyMap<string, string> {
    const urls = new Map<string, string>();
    const note = ({ params }: { params: { scriptId: string; url: string } }): void => {
      urls.set(params.scriptId, params.url);
    };
    this.#session.on("Debugger.scriptParsed", note);
    this.#post("Debugger.enable", {});
    this.#post("Debugger.disable", {});
    this.#session.off("Debugger.scriptParsed", note);
    return urls;
  }

  #inspectOne(objectId: string | undefined): InspectedFunction {
    const { internalProperties = [] } = this.#properties(objectId);
    const internal = new Map(internalProperties.map(({ name, value }) => [name, value]));
    const location = internal.get("[[FunctionLocation]]")?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    return {
      location: location
        ? { scriptId: location.scriptId, line: location.lineNumber, column: location.columnNumber }
        : null,
      scopes: this.#readScopes(internal.get("[[Scopes]]"), location?.scriptId),
      isBound: internal.has("[[TargetFunction]]"),
    };
  }

  #readScopes(
    list: Runtime.RemoteObject | undefined,
    scriptId: string | undefined,
  ): Readonly<Record<string, unknown>>[] {
    const { objectId, description: count } = list ?? {};
    if (objectId === undefined) return [];
    // The outermost scopes are the same for all functions of a script, so that number of them can be
    // skipped. Reading them takes as long as everything else.
    if (scriptId !== undefined && count !== undefined && this.#moduleScopes.get(scriptId) === count)
      return [];
    const scopes: Readonly<Record<string, unknown>>[] = [];
    for (const { value } of this.#properties(objectId).result) {
      if (!value?.objectId || /^(?:Global|Module|Script)\b/.test(value.description ?? "")) continue;
      scopes.push(this.#read(value.objectId));
    }
    if (scopes.length === 0 && scriptId !== undefined && count !== undefined) {
      this.#moduleScopes.set(scriptId, count);
    }
    return scopes;
  }

  /** Makes an object that only the inspector can access available in this process. */
  #read(objectId: string): Readonly<Record<string, unknown>> {
    return withHeld(undefined, () => {
      this.#post("Runtime.callFunctionOn", {
        objectId,
        functionDeclaration: `function () { ${HOLDER_EXPRESSION} = this; }`,
      });
      return unwrapScope((globalThis as unknown as Holder)[HOLDER] as Readonly<Record<string, unknown>>);
    });
  }

  #properties(objectId: string | undefined): Runtime.GetPropertiesReturnType {
    return objectId === undefined
      ? { result: [] }
      : this.#post("Runtime.getProperties", { objectId, ownProperties: true });
  }

  #post<Answer>(method: string, params: object): Answer {
    let answer: unknown;
    // In the same process, the response arrives before post() returns.
    this.#session.post(method, params, (error, result) => {
      if (error) throw new Error(`The inspector refused ${method}: ${error.message}`);
      answer = result;
    });
    return answer as Answer;
  }
}

/** V8 wraps a scope with its description. */
function unwrapScope(held: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { description, object } = held;
  const isWrapped =
    Object.keys(held).length === 2 &&
    typeof description === "string" &&
    typeof object === "object" &&
    object !== null &&
    Object.getPrototypeOf(object) === null;
  return isWrapped ? (object as Readonly<Record<string, unknown>>) : held;
}

function withHeld<T>(value: unknown, read: () => T): T {
  const holder = globalThis as unknown as Holder;
  const before = holder[HOLDER];
  holder[HOLDER] = value;
  try {
    return read();
  } finally {
    if (before === undefined) delete (holder as Partial<Holder>)[HOLDER];
    else holder[HOLDER] = before;
  }
}
