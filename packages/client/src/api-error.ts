// An answer that is an error.

/** The body of an answer that is an error: RFC 9457. */
export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/**
 * The API answered with an error. The message says what was wrong and how to fix it; programs switch on `code`, which
 * is one of those of the command line, such as `dag_not_found`.
 */
export class MemodagApiError extends Error {
  override readonly name = "MemodagApiError";
  /** The status of the answer, from 400 to 599. */
  readonly status: number;
  readonly code: string;
  /** The facts of the message. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Faults of fields of the input, by JSON pointers. */
  readonly errors: readonly { readonly pointer: string; readonly message: string }[];
  /** The id of the request, under which the server's log has it; empty if something else answered. */
  readonly requestId: string;

  constructor({ status, code, detail, instance, fields = {}, errors = [] }: ProblemBody) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.errors = errors;
    this.requestId = instance.replace("urn:uuid:", "");
  }
}
