// A request of a task to people: what it asks, and its answer, given here or before.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { quoted } from "../format/quoted.ts";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useMay } from "../data/use-session.ts";
import { AnswerForm } from "./answer-form.tsx";
import styles from "./approval-page.module.css";
import { instanceOf } from "./instance-of.ts";

const route = getRouteApi("/approvals/$team/$dagId/$runId/$taskId/$mapIndex");

/** The page. */
export function ApprovalPage(): ReactNode {
  const name = instanceOf(route.useParams());
  const { team, dagId, runId, taskId, mapIndex } = name;
  const { data } = useSuspenseQuery(polled(read("approvals.show", name)));
  const { request, answer, digest } = data;
  const mayAnswer = useMay("operator", team);
  const index = mapIndex === -1 ? "" : ` --map-index ${mapIndex}`;
  return (
    <Page
      title={request.subject}
      facts={
        <Link to="/teams/$team/dags/$dagId/runs/$runId" params={{ team, dagId, runId }}>
          {dagId}.{taskId}
          {mapIndex !== -1 && `[${mapIndex}]`} in {runId}
        </Link>
      }
      command={`approvals show ${quoted(dagId)} ${quoted(runId)} ${quoted(taskId)}${index}`}
    >
      {request.body !== null && <p className={styles.body}>{request.body}</p>}
      {answer ? (
        <Facts
          look="list"
          facts={[
            ["Answer", answer.chosenOptions.join(", ") || "none of the options"],
            ...Object.entries(answer.paramsInput).map(
              ([field, value]) => [field, JSON.stringify(value)] as const,
            ),
            ["By", answer.respondedBy?.name ?? "its defaults, when time ran out"],
            ["When", <Time key="at" iso={answer.respondedAt} />],
          ]}
        />
      ) : (
        <>
          {request.assignedUsers.length > 0 && (
            <p>For {request.assignedUsers.map(({ name: user }) => user).join(", ")} alone.</p>
          )}
          {mayAnswer ? (
            // An answer is for the request that was shown: the form of another one begins anew.
            <AnswerForm key={digest} instance={name} request={request} digest={digest} />
          ) : (
            <p>Answering needs the role operator in the team {team}.</p>
          )}
        </>
      )}
    </Page>
  );
}
