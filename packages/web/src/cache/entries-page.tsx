// Entries of the cache: filters, order, pages, and the purge of what is shown.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Chips } from "../controls/chips.tsx";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { read } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useMay, useTeam } from "../data/use-session.ts";
import styles from "./cache-page.module.css";
import { entryColumns } from "./entry-columns.tsx";
import { EntryFilters } from "./entry-filter-fields.tsx";
import { entriesInput, isEverything, optionsOf, selectionOf, type EntrySort } from "./entry-filters.ts";
import { MissedStores } from "./missed-stores.tsx";
import { PurgeDialog } from "./purge-dialog.tsx";

const SORTS: readonly { readonly id: EntrySort; readonly text: string }[] = [
  { id: "age", text: "youngest" },
  { id: "size", text: "largest" },
  { id: "hits", text: "most hits" },
  { id: "saved", text: "most saved" },
];

const route = getRouteApi("/cache/entries");

/** The page. */
export function EntriesPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/cache/entries" });
  const team = useTeam();
  const [isPurging, setPurging] = useState(false);
  const input = entriesInput({ ...search, team });
  const { data } = useSuspenseQuery(polled(read("cache.list", input)));
  const selection = selectionOf({ ...search, team });
  const mayPurge = useMay(isEverything(selection) ? "admin" : "operator", team ?? null);
  const options = optionsOf(selection);
  const sort = search.sort ?? "age";
  return (
    <Page
      title="Cache entries"
      actions={
        mayPurge && (
          <Button look="danger" isDisabled={data.items.length === 0} onPress={() => setPurging(true)}>
            Purge…
          </Button>
        )
      }
      command={["cache ls", options, sort === "age" ? "" : `--sort ${sort}`].filter(Boolean).join(" ")}
    >
      <EntryFilters
        search={search}
        onChange={(changed) =>
          void navigate({
            search: (previous) => ({ ...previous, ...changed, after: undefined }),
            replace: true,
          })
        }
      />
      <Chips
        label="Order"
        chips={SORTS}
        value={sort}
        onChange={(chosen) =>
          void navigate({
            search: (previous) => ({
              ...previous,
              after: undefined,
              sort: chosen === "age" ? undefined : chosen,
            }),
          })
        }
      />
      <MissedStores missed={data.missed} />
      <Table
        caption="Entries"
        columns={entryColumns}
        rows={data.items}
        keyOf={({ team: own, key }) => `${own}/${key}`}
        empty={
          <Empty
            title={isEverything(selection) ? "The cache has no entries" : "No entry matches these filters"}
          />
        }
      />
      <nav aria-label="Pages" className={styles.pages}>
        {search.after !== undefined && (
          <Link from="/cache/entries" search={(previous) => ({ ...previous, after: undefined })}>
            First page
          </Link>
        )}
        {data.next !== null && (
          <Link from="/cache/entries" search={(previous) => ({ ...previous, after: data.next ?? "" })}>
            Next page
          </Link>
        )}
      </nav>
      {isPurging && <PurgeDialog selection={selection} onClose={() => setPurging(false)} />}
    </Page>
  );
}
