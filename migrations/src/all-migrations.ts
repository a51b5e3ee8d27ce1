// The list of migrations, in the order in which they run. Forward only: none has a way down.

import type { Migration } from "kysely/migration";
import { runs } from "./0001-runs.ts";
import { cacheRecords } from "./0002-cache-records.ts";
import { cacheCounters } from "./0004-cache-counters.ts";
import { cacheLeases } from "./0003-cache-leases.ts";
import { limits } from "./0005-limits.ts";
import { cacheSwitch } from "./0006-cache-switch.ts";
import { taskSources } from "./0007-task-sources.ts";
import { schedules } from "./0008-schedules.ts";
import { cacheDecisions } from "./0009-cache-decisions.ts";
import { audit } from "./0010-audit.ts";
import { waiting } from "./0011-waiting.ts";
import { owedCallbacks } from "./0012-owed-callbacks.ts";
import { changesByHand } from "./0013-changes-by-hand.ts";
import { losses } from "./0014-losses.ts";
import { recordSeals } from "./0018-record-seals.ts";
import { cacheReasons } from "./0019-cache-reasons.ts";
import { valuesApart } from "./0020-values-apart.ts";
import { entries } from "./0022-entries.ts";
import { valueCaches } from "./0023-value-caches.ts";
import { runSelections } from "./0025-run-selections.ts";
import { humanRequests } from "./0026-human-requests.ts";
import { usedEntries } from "./0028-used-entries.ts";
import { retention } from "./0030-retention.ts";
import { runCacheLimits } from "./0032-run-cache-limits.ts";
import { recordValidity } from "./0033-record-validity.ts";
import { writtenResults } from "./0036-written-results.ts";
import { keyMemos } from "./0037-key-memos.ts";
import { transactions } from "./0038-transactions.ts";
import { remoteAttempts } from "./0040-remote-attempts.ts";
import { instanceWorkers } from "./0041-instance-workers.ts";
import { revisions } from "./0044-revisions.ts";
import { runSums } from "./0045-run-sums.ts";
import { taskAttempts } from "./0046-task-attempts.ts";
import { apiAccess } from "./0048-api-access.ts";
import { apiSessions } from "./0049-api-sessions.ts";
import { outcomeParts } from "./0050-outcome-parts.ts";
import { serviceProcesses } from "./0052-service-processes.ts";
import { scopes } from "./0056-scopes.ts";
import { recordSignatures } from "./0057-record-signatures.ts";
import { decisionReasons } from "./0060-decision-reasons.ts";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Every migration by name; they run in the order of their names, on every dialect. */
export function allMigrations(types: SchemaDialect): Record<string, Migration> {
  return {
    "0001_runs": runs(types),
    "0002_cache_records": cacheRecords(types),
    "0003_cache_leases": cacheLeases(types),
    "0004_cache_counters": cacheCounters(types),
    "0005_limits": limits(types),
    "0006_cache_switch": cacheSwitch(types),
    "0007_task_sources": taskSources(types),
    "0008_schedules": schedules(types),
    "0009_cache_decisions": cacheDecisions(types),
    "0010_audit": audit(types),
    "0011_waiting": waiting(types),
    "0012_owed_callbacks": owedCallbacks(types),
    "0013_changes_by_hand": changesByHand(types),
    "0014_losses": losses(types),
    "0018_record_seals": recordSeals(types),
    "0019_cache_reasons": cacheReasons(types),
    "0020_values_apart": valuesApart(types),
    "0022_entries": entries(types),
    "0023_value_caches": valueCaches(types),
    "0025_run_selections": runSelections(types),
    "0026_human_requests": humanRequests(types),
    "0028_used_entries": usedEntries(types),
    "0030_retention": retention(types),
    "0032_run_cache_limits": runCacheLimits(types),
    "0033_record_validity": recordValidity(types),
    "0036_written_results": writtenResults(types),
    "0037_key_memos": keyMemos(types),
    "0038_transactions": transactions(types),
    "0040_remote_attempts": remoteAttempts(types),
    "0041_instance_workers": instanceWorkers(types),
    "0044_revisions": revisions(types),
    "0045_run_sums": runSums(types),
    "0046_task_attempts": taskAttempts(types),
    "0048_api_access": apiAccess(types),
    "0049_api_sessions": apiSessions(types),
    "0050_outcome_parts": outcomeParts(types),
    "0052_service_processes": serviceProcesses(types),
    "0056_scopes": scopes(types),
    "0057_record_signatures": recordSignatures(types),
    "0060_decision_reasons": decisionReasons(),
  };
}
