// Redacts the secret fields of a request's form, and of an answer to it.

import {
  hideSecretParams,
  hideSecretsOfSchema,
  type HumanRequest,
  type JsonObject,
  type SecretTest,
} from "@memodag/core";

/** Returns a request as it is displayed. Its digest is that of the request itself. */
export function hideRequest(request: HumanRequest, isSecret: SecretTest): HumanRequest {
  const values = Object.fromEntries(Object.entries(request.params).map(([name, { value }]) => [name, value]));
  const hidden = hideFields(request, values, isSecret);
  const params = Object.entries(request.params).map(([name, { description, schema }]) => [
    name,
    { value: hidden[name] ?? null, description, schema: hideSecretsOfSchema(name, schema, isSecret) },
  ]);
  return { ...request, params: Object.fromEntries(params) };
}

/** Returns the filled in fields of a request's form without secrets. */
export function hideFields(request: HumanRequest, values: JsonObject, isSecret: SecretTest): JsonObject {
  const schemas = Object.entries(request.params).map(([name, { schema }]) => [name, schema] as const);
  return hideSecretParams(values, Object.fromEntries(schemas), isSecret);
}
