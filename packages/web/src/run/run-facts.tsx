// What a run is and what it came to: its state, times, params, and the time that it worked and saved.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { differingParams } from "../compare/compare-rows.ts";
import { Facts } from "../controls/facts.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { formatCount, formatDuration } from "../format/format.ts";
import { MarkIcon } from "../marks/mark-icon.tsx";
import { runMarkOf } from "../marks/mark.ts";
import styles from "./run-page.module.css";

/** A run without its instances. */
export type Outline = OutputOf<"runs.outline">;

/** Digits of a version that are shown. */
const VERSION_DIGITS = 8;

/** The state and times, beside the title. */
export function RunFacts({ outline }: { readonly outline: Outline }): ReactNode {
  const { state, isInterrupted, startedAt, endedAt, createdAt, runType, cacheMode, logicalDate } = outline;
  const mark = runMarkOf(outline);
  return (
    <>
      <span className={styles.state}>
        <MarkIcon mark={mark} label="" />
        {isInterrupted ? `${state}, interrupted` : state}
      </span>
      {startedAt !== null && endedAt !== null && (
        <span>{formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}</span>
      )}
      <span>
        {runType} <Time iso={startedAt ?? createdAt} />
      </span>
      {logicalDate !== null && runType !== "manual" && (
        <span>
          of <Time iso={logicalDate} />
        </span>
      )}
      {cacheMode !== "use" && <span>cache: {cacheMode}</span>}
      {outline.fault !== undefined && <span role="alert">{outline.fault}</span>}
    </>
  );
}

/** The numbers. @param atLeastMs what it would have taken if nothing were remembered */
export function RunSums({
  outline,
  atLeastMs,
  instances,
}: {
  readonly outline: Outline;
  readonly atLeastMs: number;
  readonly instances: number;
}): ReactNode {
  const { workedMs, savedMs, hits, ran, failed } = outline;
  const counts = [
    `${formatCount(hits)} remembered`,
    `${formatCount(ran)} ran`,
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
  ];
  return (
    <>
      <Facts
        facts={[
          ["Worked", formatDuration(workedMs)],
          ["Saved", formatDuration(savedMs)],
          ["Without the cache", hits > 0 ? `${formatDuration(atLeastMs)} at least` : null],
          [`${formatCount(instances)} task ${instances === 1 ? "instance" : "instances"}`, counts.join(", ")],
        ]}
      />
      <RunInputs outline={outline} />
    </>
  );
}

function RunInputs({ outline }: { readonly outline: Outline }): ReactNode {
  const { team, dagId, params, conf, version, previousRunId, selection, cacheLimits } = outline;
  const { data: previous } = useQuery({
    ...read("runs.outline", { team, dagId, runId: previousRunId ?? "" }),
    enabled: previousRunId !== null,
    staleTime: Infinity,
  });
  const was = new Map(
    previous ? differingParams(previous.params, params).map(({ name, before }) => [name, before]) : [],
  );
  const names = [...new Set([...Object.keys(params), ...was.keys()])];
  const isSameVersion = previous?.version === version;
  return (
    <Facts
      look="list"
      facts={[
        [
          "Params",
          names.length === 0 ? null : (
            <span className={styles.params}>
              {names.map((name) => (
                <span key={name}>
                  <code>
                    {name}={Object.hasOwn(params, name) ? JSON.stringify(params[name]) : "–"}
                  </code>
                  {was.has(name) && <span className={styles.was}> (was {was.get(name) ?? "not set"})</span>}
                </span>
              ))}
            </span>
          ),
        ],
        ["Conf", Object.keys(conf).length === 0 ? null : <code>{JSON.stringify(conf)}</code>],
        [
          "Version",
          version === null ? (
            "cannot be read"
          ) : (
            <>
              <code title={version}>{version.slice(0, VERSION_DIGITS)}</code>
              {previous && (isSameVersion ? " same as before" : " changed since the run before")}
            </>
          ),
        ],
        ["Selection", selection === null ? null : <code>{JSON.stringify(selection)}</code>],
        ["Cache limits", cacheLimits === null ? null : <code>{JSON.stringify(cacheLimits)}</code>],
        [
          "Run before",
          previousRunId === null ? null : (
            <Link to="/teams/$team/dags/$dagId/runs/$runId" params={{ team, dagId, runId: previousRunId }}>
              {previousRunId}
            </Link>
          ),
        ],
      ]}
    />
  );
}
