// [api_oidc] and [[api_grants]]: who signs people in to the API, and what they may do.

import { key, list, requiredKey, section, unsetKey } from "./key.ts";
import { FILE, NAME, STRING, WEB_URL } from "./named-values.ts";
import { choice } from "./value-types.ts";

export const apiOidc = section(
  "The OpenID provider at which people sign in to the API. Links of memodag ui work beside it.",
  {
    issuer: unsetKey(WEB_URL, {
      description:
        "URL of the provider, which answers /.well-known/openid-configuration below it. If unset, people sign in with links.",
      example: "https://login.example/realms/main",
    }),
    client_id: unsetKey(STRING, {
      description:
        "Id of memodag at the provider, which has to allow the URL of the API with /api/v1/session/oidc/callback.",
      example: "memodag",
    }),
    client_secret_file: unsetKey(FILE, {
      description: "File with the secret of memodag at the provider. If unset, it is a public client.",
      example: "/run/secrets/memodag-oidc",
    }),
    scopes: key(STRING, {
      description: "Scopes that are asked for, separated by spaces.",
      default: "openid profile email",
    }),
    groups_claim: key(STRING, {
      description: "Claim of the ID token that lists the groups of a person.",
      default: "groups",
    }),
  },
);

export const apiGrants = list(
  "Roles of people who sign in at the OpenID provider. What is not granted does not exist for them.",
  {
    group: unsetKey(STRING, {
      description: "Group whose people have the role. Each grant has either a group or a subject.",
      example: "data-eng",
    }),
    subject: unsetKey(STRING, {
      description: "Subject of the person who has the role: the claim `sub`.",
      example: "248289761001",
    }),
    team: unsetKey(NAME, {
      description: "Team in which they have it. If unset, in all.",
      example: "ml",
    }),
    role: requiredKey(choice("viewer", "operator", "admin"), { description: "What they may do." }),
  },
);
