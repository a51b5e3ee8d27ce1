export { openRemoteValueCache, type AskCache } from "./remote-value-adapter.ts";
export { answerValueCall, type ServedCache } from "./answer-value-call.ts";
