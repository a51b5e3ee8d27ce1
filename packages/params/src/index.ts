export { findMisfit, findSchemaFault, type Misfit } from "./json-schema.ts";
