export {
  listApiTokens,
  LONGEST_TOKEN_MS,
  makeApiToken,
  revokeApiToken,
  TOKEN_MS,
  type ApiTokenReport,
  type MadeApiToken,
} from "./api-tokens.ts";
