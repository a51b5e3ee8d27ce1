// The routes of a Dag: its page, and the views in it.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readGridSearch } from "./grid/grid-search.ts";
import { gridQuery } from "./grid/use-grid.ts";

const dagRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId",
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(read("dags.show", { team, dagId })),
  component: lazyRouteComponent(() => import("./dag-page.tsx"), "DagPage"),
});

const gridRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/",
  validateSearch: readGridSearch,
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(gridQuery(team, dagId)),
  component: lazyRouteComponent(() => import("./grid/grid-view.tsx"), "GridView"),
});

const graphRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/graph",
  validateSearch: ({ run }: Record<string, unknown>): { readonly run?: string } =>
    typeof run === "string" ? { run } : {},
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(gridQuery(team, dagId)),
  component: lazyRouteComponent(() => import("./graph/graph-view.tsx"), "GraphView"),
});

const calendarRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/calendar",
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(read("dags.calendar", { team, dagId })),
  component: lazyRouteComponent(() => import("./calendar/calendar-view.tsx"), "CalendarView"),
});

const runsRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/runs",
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(read("runs.list", { team, dagId })),
  component: lazyRouteComponent(() => import("./dag-runs.tsx"), "DagRuns"),
});

const tasksRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/tasks",
  component: lazyRouteComponent(() => import("./dag-tasks.tsx"), "DagTasks"),
});

/** The page with its views. */
export const dagRoutes = dagRoute.addChildren([gridRoute, graphRoute, calendarRoute, runsRoute, tasksRoute]);
