export type { OidcSettings } from "./auth/oidc.ts";
export { openApiServer, type ApiServer, type ApiServerOptions } from "./open-api-server.ts";
export { SignInCodes } from "./auth/sign-in-codes.ts";
