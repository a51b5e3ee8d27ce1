export { openApiServer, type ApiServer, type ApiServerOptions } from "./open-api-server.ts";
