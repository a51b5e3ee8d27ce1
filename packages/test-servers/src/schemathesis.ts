// Asks an API what its OpenAPI document says that it answers: https://schemathesis.readthedocs.io, from PyPI.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { installPackages } from "./install-once.ts";

const VERSION = "4.32.5";

/** The API, and how often it is asked. */
export interface SchemathesisOptions {
  /** The address of the document. */
  readonly document: string;
  /** The address that paths of the document begin at. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests to each route, at most; those that are not valid count, too. */
  readonly mostExamples: number;
  /** Paths that are not asked, as a regular expression. */
  readonly except: string;
}

/**
 * Asks every route with inputs that its schema allows, and with others, the same at each call. Resolves to the exit
 * code, 0 if no answer was a server's error, undeclared, or of another shape than declared, and to the report.
 * @throws Error that says what to install when it cannot be installed
 */
export async function runSchemathesis(
  { document, url, headers, mostExamples, except }: SchemathesisOptions,
  signal?: AbortSignal,
): Promise<{ code: number; report: string }> {
  const folder = await installPackages(`schemathesis-${VERSION}`, [`schemathesis==${VERSION}`]);
  const checks =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
  const options = {
    url,
    checks,
    phases: "fuzzing",
    seed: "1",
    "max-examples": String(mostExamples),
    "exclude-path-regex": except,
    "suppress-health-check": "all",
  };
  const args = [
    "-c",
    "from schemathesis.cli import schemathesis; schemathesis()",
    "run",
    document,
    "--generation-deterministic",
    "--no-color",
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
  ];
  const python = join(folder, "bin/python3");
  return await new Promise((resolve) => {
    const child = execFile(
      python,
      args,
      { cwd: folder, maxBuffer: 2 ** 26, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? (error ? 1 : 0), report: `${stdout}${stderr}` });
      },
    );
  });
}
