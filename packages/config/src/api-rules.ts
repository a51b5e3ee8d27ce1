// Rules across keys of [api_oidc] and [[api_grants]].

import { type ConfigFault, valueAt } from "./faults.ts";

/** Returns the violations of these rules. The schema checks each value on its own. */
export function apiFaults(document: unknown): ConfigFault[] {
  const has = (path: readonly (string | number)[], of: unknown = document) =>
    valueAt(of, path as string[]) !== undefined;
  const oidc: ConfigFault[] =
    has(["api_oidc", "issuer"]) && !has(["api_oidc", "client_id"])
      ? [{ path: "api_oidc.client_id", expected: "the id of memodag at the provider", found: "nothing" }]
      : [];
  const grants = valueAt(document, ["api_grants"]);
  if (!Array.isArray(grants)) return oidc;
  return [
    ...oidc,
    ...grants.flatMap((grant: unknown, index): ConfigFault[] => {
      const named = ["group", "subject"].filter((name) => has([name], grant));
      if (named.length === 1) return [];
      const found = named.length === 0 ? "neither" : "both";
      return [{ path: `api_grants[${index}]`, expected: "either a group or a subject", found }];
    }),
  ];
}
