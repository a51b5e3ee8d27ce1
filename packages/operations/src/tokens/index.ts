export {
  listApiTokens,
  makeApiToken,
  revokeApiToken,
  type ApiTokenReport,
  type MadeApiToken,
} from "./api-tokens.ts";
