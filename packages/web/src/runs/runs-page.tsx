// The list of runs: filters, and what each run was.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { quoted } from "../format/quoted.ts";
import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";
import { runColumns } from "./run-columns.tsx";
import { RunFilters } from "./run-filters.tsx";
import { readSearch, runsInput } from "./runs-search.ts";
import styles from "./runs-page.module.css";

const route = getRouteApi("/runs");

/** The page. */
export function RunsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/runs" });
  const input = runsInput({ ...search, team: useTeam() });
  const { data } = useSuspenseQuery(read("runs.list", input));
  const { state, type, text, from, to } = search;
  const hasFilter = [state, type, text, from, to].some((filter) => filter !== undefined);
  return (
    <Page title="Runs" command={commandOf(input)}>
      <RunFilters
        filters={search}
        onChange={(filters) =>
          void navigate({
            search: ({ team }) => ({
              ...(team !== undefined && { team }),
              ...readSearch({ ...filters }),
            }),
            replace: true,
          })
        }
      />
      <Table
        caption="Runs, newest first"
        rows={data.items}
        keyOf={({ team, dagId, runId }) => `${team}/${dagId}/${runId}`}
        columns={runColumns}
        empty={
          hasFilter ? (
            <Empty title="No run matches these filters" />
          ) : (
            <Empty title="There are no runs yet">
              <p>
                Trigger one on the page of its Dag, or with <code>memodag dags trigger ID</code>.
              </p>
            </Empty>
          )
        }
      />
      <nav aria-label="Pages" className={styles.pages}>
        {search.after !== undefined && (
          <Link from="/runs" search={(previous) => ({ ...previous, after: undefined })}>
            Newest
          </Link>
        )}
        {data.next !== null && (
          <Link from="/runs" search={(previous) => ({ ...previous, after: data.next ?? "" })}>
            Older runs
          </Link>
        )}
      </nav>
    </Page>
  );
}

function commandOf({ state, runType, text, from, to, team }: ReturnType<typeof runsInput>): string {
  const options = Object.entries({ team, state, type: runType, since: from, until: to, text }).flatMap(
    ([name, value]) => (value === undefined ? [] : [`--${name} ${quoted(value)}`]),
  );
  return ["runs list", ...options].join(" ");
}
