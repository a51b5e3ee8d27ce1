// What two runs were asked to do and what they came to, beside each other.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { OutputOf } from "../data/api.ts";
import { formatDuration, shortRunId } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { runMarkOf } from "../marks/mark.ts";
import { differingParams } from "./compare-rows.ts";
import styles from "./compare.module.css";

type Outline = OutputOf<"runs.outline">;

const VERSION_DIGITS = 8;

/** The head. */
export function CompareHead({
  before,
  after,
}: {
  readonly before: Outline;
  readonly after: Outline;
}): ReactNode {
  const params = differingParams(before.params, after.params);
  const conf = differingParams(before.conf, after.conf);
  const isSameVersion = before.version === after.version;
  return (
    <table className={styles.head}>
      <caption className={styles.caption}>The runs</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">run</th>
          <td>
            <RunLink run={before} />
          </td>
          <td>
            <RunLink run={after} />
          </td>
        </tr>
        <tr>
          <th scope="row">version</th>
          <td>
            <code>{before.version?.slice(0, VERSION_DIGITS) ?? "–"}</code>
          </td>
          <td>
            <code>{after.version?.slice(0, VERSION_DIGITS) ?? "–"}</code> {isSameVersion ? "same" : "other"}
          </td>
        </tr>
        <tr>
          <th scope="row">worked</th>
          <td>{formatDuration(before.workedMs)}</td>
          <td>{formatDuration(after.workedMs)}</td>
        </tr>
        <tr>
          <th scope="row">saved</th>
          <td>{formatDuration(before.savedMs)}</td>
          <td>{formatDuration(after.savedMs)}</td>
        </tr>
        {[
          ...params.map((one) => ({ ...one, kind: "param" })),
          ...conf.map((one) => ({ ...one, kind: "conf" })),
        ].map((one) => (
          <tr key={`${one.kind} ${one.name}`}>
            <th scope="row">
              {one.kind} <code>{one.name}</code>
            </th>
            <td>
              <code>{one.before ?? "not set"}</code>
            </td>
            <td>
              <code>{one.after ?? "not set"}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RunLink({ run }: { readonly run: Outline }): ReactNode {
  const { startedAt, endedAt } = run;
  return (
    <>
      <MarkIcon mark={runMarkOf(run)} />{" "}
      <Link to="/teams/$team/dags/$dagId/runs/$runId" params={run} title={run.runId}>
        {shortRunId(run.runId)}
      </Link>{" "}
      {run.state}
      {startedAt !== null &&
        endedAt !== null &&
        `, ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`}
    </>
  );
}
