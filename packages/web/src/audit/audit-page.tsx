// The audit trail: who did what, when, from where, and how it ended.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { quoted } from "../format/quoted.ts";
import { Empty } from "../controls/empty.tsx";
import { keepTeam } from "../controls/keep-team.ts";
import { Page } from "../controls/page.tsx";
import { Select } from "../controls/select.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatCount } from "../format/format.ts";
import styles from "./audit-page.module.css";
import { AUDIT_CHOICES } from "./audit-choices.ts";
import { auditInput } from "./audit-search.ts";

type Entry = OutputOf<"audit.list">["items"][number];

const COLUMNS: readonly Column<Entry>[] = [
  { id: "at", head: "When", cell: ({ at }) => <Time iso={at} /> },
  { id: "actor", head: "Who", cell: ({ actor }) => `${actor.name}@${actor.host}` },
  { id: "action", head: "What", cell: ({ action }) => <code>{action}</code> },
  { id: "team", head: "Team", cell: ({ team }) => team ?? "all" },
  {
    id: "filter",
    head: "On",
    cell: ({ filter }) => <span className={styles.filter}>{filterWords(filter)}</span>,
  },
  { id: "outcome", head: "Outcome", cell: outcomeOf },
];

const route = getRouteApi("/audit");

/** The page. */
export function AuditPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/audit" });
  const team = useTeam();
  const { data } = useSuspenseQuery(polled(read("audit.list", auditInput({ ...search, team }))));
  const options = Object.entries({ team, action: search.action }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${quoted(value)}`],
  );
  return (
    <Page title="Audit" command={["audit ls", ...options].join(" ")}>
      <Select
        label="Action"
        options={[
          { id: "", text: "all actions" },
          ...AUDIT_CHOICES.map((action) => ({ id: action, text: action })),
        ]}
        value={search.action ?? ""}
        onChange={(action) =>
          void navigate({
            search: (previous) => ({
              ...keepTeam(previous),
              ...(action !== "" && { action }),
            }),
          })
        }
      />
      <Table
        caption="Audit trail, newest first"
        rows={data.items}
        keyOf={({ id }) => String(id)}
        columns={COLUMNS}
        empty={<Empty title={search.action ? "No such act is in the trail" : "Nothing has been done yet"} />}
      />
      <nav aria-label="Pages" className={styles.pages}>
        {search.after !== undefined && (
          <Link from="/audit" search={(previous) => ({ ...previous, after: undefined })}>
            Newest
          </Link>
        )}
        {data.next !== null && (
          <Link from="/audit" search={(previous) => ({ ...previous, after: data.next ?? "" })}>
            Older
          </Link>
        )}
      </nav>
    </Page>
  );
}

function filterWords(filter: Entry["filter"]): string {
  return Object.entries(filter)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ");
}

function outcomeOf({ outcome }: Entry): ReactNode {
  switch (outcome.kind) {
    case "begun":
      return "under way";
    case "done":
      return outcome.affected === null ? "done" : `done: ${formatCount(outcome.affected)}`;
    case "failed":
      return <span className={styles.filter}>failed: {outcome.error}</span>;
  }
}
