export { listAudit, type AuditReport, type ListAuditInput } from "./list-audit.ts";
