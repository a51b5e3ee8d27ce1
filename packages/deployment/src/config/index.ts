export { configOffReason } from "./config-off-reason.ts";
export { currentActor } from "./current-actor.ts";
export { LiveConfig } from "./live-config.ts";
export { loadSettings, type ConfigChoice } from "./settings.ts";
