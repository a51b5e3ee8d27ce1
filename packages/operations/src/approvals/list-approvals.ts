// Lists the requests of tasks that wait for an answer from a person.

import { secretTest, type HumanRequest } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { hideRequest } from "./hide-request.ts";

/** Selects the requests to list. */
export interface ListApprovalsInput {
  readonly team?: string | undefined;
  readonly dagId?: string | undefined;
}

/** A request that waits for an answer. */
export interface ApprovalReport {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** Digest of everything that is shown: an answer belongs to it. */
  readonly digest: string;
  readonly request: HumanRequest;
  readonly askedAt: string;
  /** When the time runs out; `null`: never. */
  readonly expiresAt: string | null;
}

/** The open requests, oldest first. */
export async function listApprovals(
  { stores, settings }: OperationContext,
  { team, dagId }: ListApprovalsInput,
): Promise<readonly ApprovalReport[]> {
  const open = await stores.humans.listOpenRequests({
    ...(team !== undefined && { team }),
    ...(dagId !== undefined && { dagId }),
  });
  const isSecret = secretTest(settings.secretPatterns);
  return open.map(({ askedAt, expiresAt, request, ...rest }) => ({
    ...rest,
    request: hideRequest(request, isSecret),
    askedAt: isoTime(askedAt),
    expiresAt: expiresAt === null ? null : isoTime(expiresAt),
  }));
}
