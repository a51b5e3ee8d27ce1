// An entry of the cache: its value, the parts of its key, who made it, and how often it was hit.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useMay } from "../data/use-session.ts";
import { formatBytes, formatCount, formatDuration } from "../format/format.ts";
import styles from "./cache-page.module.css";
import { keyPartsOf, type KeyPart } from "./key-parts.ts";
import { PurgeDialog } from "./purge-dialog.tsx";

const PARTS: readonly Column<KeyPart>[] = [
  { id: "kind", head: "Part", cell: ({ kind }) => kind },
  { id: "name", head: "Name", cell: ({ name }) => name },
  { id: "value", head: "Value or digest", cell: ({ value }) => <code className={styles.wrap}>{value}</code> },
];

/** Characters of a value that are shown. */
const SHOWN_VALUE = 65_536;

const route = getRouteApi("/teams/$team/cache/$key");

/** The page. */
export function EntryPage(): ReactNode {
  const { team, key } = route.useParams();
  const { data: entry } = useSuspenseQuery(read("cache.show", { team, key }));
  const [isPurging, setPurging] = useState(false);
  const mayPurge = useMay("operator", team);
  const { dagId, taskId, producer } = entry;
  const name = `${dagId}.${taskId}${producer.mapIndex === -1 ? "" : `[${producer.mapIndex}]`}`;
  return (
    <Page
      title={`Entry ${entry.key.slice(0, 12)}`}
      facts={name}
      actions={
        mayPurge && (
          <Button look="danger" onPress={() => setPurging(true)}>
            Forget it…
          </Button>
        )
      }
      command={`cache show ${entry.key.slice(0, 12)}`}
    >
      <Facts
        look="list"
        facts={[
          ["Key", <code key="key">{entry.key}</code>],
          ["Team", team],
          [
            "Made by",
            <Link
              key="run"
              to="/teams/$team/dags/$dagId/runs/$runId"
              params={{ team, dagId, runId: producer.runId }}
            >
              {producer.runId}
            </Link>,
          ],
          ["Made", <Time key="made" iso={entry.createdAt} />],
          ["Took", formatDuration(entry.durationMs)],
          [
            "Good until",
            entry.expiresAt === null ? "it is purged" : <Time key="until" iso={entry.expiresAt} />,
          ],
          ["Hits", formatCount(entry.hitCount)],
          ["Last hit", <Time key="hit" iso={entry.lastHitAt} />],
          ["Saved", formatDuration(entry.savedMs)],
          ["Size", formatBytes(entry.sizeBytes)],
          ["Store", entry.store],
          ["Remembered failure", entry.error && `${entry.error.code}: ${entry.error.message}`],
          ["Differing results", differingOf(entry)],
        ]}
      />
      {Object.entries(entry.values).map(([xcom, value]) => (
        <section key={xcom} aria-label={`Value ${xcom}`}>
          <h2>{xcom === "return_value" ? "Result" : xcom}</h2>
          <pre className={styles.value} tabIndex={0}>
            {shownValue(value)}
          </pre>
        </section>
      ))}
      <h2>Its key</h2>
      <Table
        caption="Parts of the key"
        columns={PARTS}
        rows={keyPartsOf(entry.components)}
        keyOf={({ kind, name: part }) => `${kind} ${part}`}
        empty={<p>The key has no parts.</p>}
      />
      {isPurging && <PurgeDialog selection={{ team, key: entry.key }} onClose={() => setPurging(false)} />}
    </Page>
  );
}

function shownValue(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE)}… (${text.length} characters)` : text;
}

function differingOf({
  nondeterministicCount,
  lastDiffering,
}: {
  readonly nondeterministicCount: number;
  readonly lastDiffering: { readonly runId: string; readonly at: string } | null;
}): ReactNode {
  if (!lastDiffering) return null;
  return `${formatCount(nondeterministicCount)}, last in run ${lastDiffering.runId}`;
}
