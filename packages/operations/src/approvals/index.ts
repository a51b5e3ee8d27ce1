export { answerApproval, type AnswerInput, type GivenAnswer } from "./answer-approval.ts";
export { listApprovals, type ApprovalReport, type ListApprovalsInput } from "./list-approvals.ts";
export { showApproval, type ShownApproval } from "./show-approval.ts";
