// Home: what ran, what was remembered and what that saved, with what is under way, what failed and what is worth a look.

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { quoted } from "../format/quoted.ts";
import type { ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { Facts } from "../controls/facts.tsx";
import { keepTeam } from "../controls/keep-team.ts";
import { Page } from "../controls/page.tsx";
import { read } from "../data/api.ts";
import { polled, SUMS_EVERY_MS } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { formatBytes, formatCount, formatDuration, formatShare } from "../format/format.ts";
import { DayBars } from "./day-bars.tsx";
import { HomeEmpty } from "./home-empty.tsx";
import { HOME_DAYS } from "./home-search.ts";
import { MissBars } from "./miss-bars.tsx";
import { NotedRuns } from "./noted-runs.tsx";
import { StateLine } from "./state-line.tsx";
import { WorthALook } from "./worth-a-look.tsx";
import styles from "./home-page.module.css";

const route = getRouteApi("/");

/** The page. */
export function HomePage(): ReactNode {
  const { days = 7 } = route.useSearch();
  const navigate = useNavigate({ from: "/" });
  const team = useTeam();
  const { data } = useSuspenseQuery(read("runs.home", { team, days }));
  const stats = useQuery(polled(read("cache.stats", { team }), SUMS_EVERY_MS)).data;
  const sum = (of: "hits" | "ran" | "savedMs" | "workedMs"): number =>
    data.days.reduce((total, day) => total + day[of], 0);
  const total = sum("hits") + sum("ran");
  const isNew = data.days.length === 0 && data.activeCount === 0;
  return (
    <Page
      title="Home"
      facts={<StateLine />}
      actions={
        <Chips
          label="Time"
          value={String(days)}
          onChange={(chosen) =>
            chosen !== undefined &&
            void navigate({ search: (previous) => ({ ...keepTeam(previous), days: Number(chosen) }) })
          }
          chips={HOME_DAYS.map((count) => ({
            id: String(count),
            text: count === 1 ? "today" : `${count} days`,
          }))}
        />
      }
      command={team === undefined ? "runs list" : `runs list --team ${quoted(team)}`}
    >
      {isNew && <HomeEmpty team={team} />}
      <Facts
        facts={[
          ["Worked", formatDuration(sum("workedMs"))],
          ["Saved", formatDuration(sum("savedMs"))],
          ["Tasks remembered", total === 0 ? "–" : formatShare(sum("hits") / total)],
          ["Entries", stats && `${formatCount(stats.entries)}, ${formatBytes(stats.sizeBytes)}`],
        ]}
      />
      {data.days.length > 0 && <DayBars from={data.from} days={data.days} count={days} />}
      <div className={styles.columns}>
        <section aria-labelledby="under-way">
          <h2 id="under-way">Under way ({formatCount(data.activeCount)})</h2>
          <NotedRuns runs={data.active} empty="Nothing runs." about="active" />
        </section>
        <section aria-labelledby="failed">
          <h2 id="failed">Failed lately</h2>
          <NotedRuns runs={data.failures} empty="Nothing failed." about="failed" />
        </section>
        <section aria-labelledby="why-ran">
          <h2 id="why-ran">Why tasks ran</h2>
          <MissBars misses={data.misses} days={days} />
        </section>
      </div>
      {stats && <WorthALook team={team} days={days} stats={stats} />}
    </Page>
  );
}
