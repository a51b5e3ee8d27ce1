// Checks an answer to a request of a task to a person.

import {
  MemodagError,
  presetParams,
  secretTestOf,
  type HumanRequest,
  type HumanUser,
  type JsonObject,
  type SecretTest,
} from "@memodag/core";

/** An answer as a person gives it. */
export interface ProposedAnswer {
  readonly options: readonly string[];
  /** Fields of the form. Those left out keep their values. */
  readonly params: JsonObject;
  /** The name of the person who answers. */
  readonly by: string;
}

/** An answer that the request allows. */
export interface CheckedAnswer {
  /** In the order of the request's options. */
  readonly chosen: readonly string[];
  /** All fields of the form. */
  readonly params: JsonObject;
  readonly user: HumanUser;
}

/**
 * Returns an answer in full.
 * @param isSecret names whose values errors do not show
 * @throws MemodagError `approval_invalid` for a person to whom the request is not assigned, for options that
 * cannot be chosen, and for fields that are unknown or do not match
 */
export async function checkAnswer(
  request: HumanRequest,
  { options, params, by }: ProposedAnswer,
  isSecret: SecretTest,
): Promise<CheckedAnswer> {
  const user = requireUser(request, by);
  const chosen = readChoice(request, options);
  return { chosen, params: await fillForm(request, params, isSecret), user };
}

function requireUser({ assignedUsers }: HumanRequest, name: string): HumanUser {
  const assigned = assignedUsers.find(({ id }) => id === name);
  if (assigned) return assigned;
  if (assignedUsers.length === 0) return { id: name, name };
  const ids = assignedUsers.map(({ id }) => id).join(", ");
  throw invalid(`"${name}" may not answer this request: it is assigned to ${ids}`);
}

function readChoice({ options, multiple }: HumanRequest, given: readonly string[]): string[] {
  const chosen = options.filter((option) => given.includes(option));
  const unknown = given.find((option) => !options.includes(option));
  if (unknown !== undefined) {
    throw invalid(`"${unknown}" is not an option: choose from ${options.join(", ")}`);
  }
  if (chosen.length === 0) throw invalid(`No option was chosen: choose from ${options.join(", ")}`);
  if (!multiple && chosen.length > 1) {
    throw invalid(`${chosen.length} options were chosen: choose one of ${options.join(", ")}`);
  }
  return chosen;
}

/** All fields of the form: those given, and the values of those that were left as they are. */
async function fillForm(request: HumanRequest, given: JsonObject, isSecret: SecretTest): Promise<JsonObject> {
  const names = Object.keys(request.params);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? "the form has none" : `its fields are ${names.join(", ")}`;
    throw invalid(`There is no field "${unknown}": ${known}`);
  }
  const filled: JsonObject = { ...presetParams(request), ...given };
  if (names.length === 0) return filled;
  // Loads ajv, which most answers do not need.
  const { findMisfit } = await import("@memodag/params");
  for (const [name, { schema }] of Object.entries(request.params)) {
    const misfit = findMisfit(schema, filled[name] ?? null, secretTestOf(name, schema, isSecret));
    if (!misfit) continue;
    throw invalid(
      `Field "${name}"${misfit.where} ${misfit.expected}, found ${misfit.found}: use a valid value`,
    );
  }
  return filled;
}

function invalid(message: string): MemodagError {
  return new MemodagError("approval_invalid", message);
}
