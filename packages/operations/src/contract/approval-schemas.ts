// Schemas of the operations on requests to people.

import type { HumanRequest, HumanUser } from "@memodag/core";
import * as z from "zod";
import type { AnswerInput, GivenAnswer } from "../approvals/answer-approval.ts";
import type { ApprovalReport, ListApprovalsInput } from "../approvals/list-approvals.ts";
import type { ShownApproval } from "../approvals/show-approval.ts";
import { json, jsonObject, jsonSchema, mapIndex, name, runName, text, time } from "./values.ts";

const user: z.ZodType<HumanUser> = z.strictObject({ id: name, name: text });
const options = z.array(text).readonly();
const request: z.ZodType<HumanRequest> = z.strictObject({
  subject: text,
  body: text.nullable(),
  options,
  multiple: z.boolean(),
  defaults: options.nullable(),
  params: z.record(
    z.string(),
    z.strictObject({
      value: json,
      description: text.nullable(),
      schema: jsonSchema,
    }),
  ),
  assignedUsers: z.array(user).readonly(),
});
const ofInstance = { dagId: name, runId: name, taskId: name, mapIndex, digest: text };

export const listApprovalsInput: z.ZodType<ListApprovalsInput> = z.strictObject({
  team: name.optional(),
  dagId: name.optional(),
});
export const approvalList: z.ZodType<readonly ApprovalReport[]> = z
  .array(z.strictObject({ team: name, ...ofInstance, request, askedAt: time, expiresAt: time.nullable() }))
  .readonly();
export const shownApproval: z.ZodType<ShownApproval> = z.strictObject({
  ...ofInstance,
  request,
  answer: z
    .strictObject({
      chosenOptions: options,
      paramsInput: jsonObject,
      respondedBy: user.nullable(),
      respondedAt: time,
    })
    .nullable(),
});
export const answerInput: z.ZodType<AnswerInput> = z.strictObject({
  ...runName,
  taskId: name,
  mapIndex: mapIndex.optional(),
  options,
  params: jsonObject.optional(),
  digest: text.optional(),
});
export const givenAnswer: z.ZodType<GivenAnswer> = z.strictObject({
  ...ofInstance,
  chosenOptions: options,
  paramsInput: jsonObject,
  respondedBy: user,
});
