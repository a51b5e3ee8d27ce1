export { openByteStores, type ByteStores, type ByteStoresParts } from "./byte-stores.ts";
export { checkBackendModules } from "./cache-backends.ts";
export { copyMetadataDatabase, type CopyTarget, type MetadataCopy } from "./copy-database.ts";
export { migrateDatabases, readDatabaseStatus, type DatabaseStatus } from "./database.ts";
export { operationContext, withDeployment, type Deployment } from "./deployment.ts";
export { openNames } from "./known-names.ts";
export { nameFault } from "./name-fault.ts";
