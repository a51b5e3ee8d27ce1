// The routes of the cache: tasks, entries with an entry's page, reasons of misses, health, and caches that the config names.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { entriesInput, readEntriesSearch } from "./entry-filters.ts";

export const cacheRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache",
  component: lazyRouteComponent(() => import("./cache-page.tsx"), "CachePage"),
});

export const cacheTasksRoute = createRoute({
  getParentRoute: () => cacheRoute,
  path: "/",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("cache.stats", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./cache-tasks.tsx"), "CacheTasks"),
});

export const cacheEntriesRoute = createRoute({
  getParentRoute: () => cacheRoute,
  path: "/entries",
  validateSearch: readEntriesSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(
      read("cache.list", entriesInput({ ...deps, team: context.teamOf(deps) })),
    ),
  component: lazyRouteComponent(() => import("./entries-page.tsx"), "EntriesPage"),
});

export const cacheReasonsRoute = createRoute({
  getParentRoute: () => cacheRoute,
  path: "/reasons",
  validateSearch: ({ days }: Record<string, unknown>): { readonly days?: number } =>
    typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= 366 ? { days } : {},
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(
      read("cache.reasons", { team: context.teamOf(deps), days: deps.days ?? 7 }),
    ),
  component: lazyRouteComponent(() => import("./reasons-page.tsx"), "ReasonsPage"),
});

export const cacheHealthRoute = createRoute({
  getParentRoute: () => cacheRoute,
  path: "/health",
  loader: ({ context }) => context.queryClient.ensureQueryData(read("cache.health", {})),
  component: lazyRouteComponent(() => import("./health-page.tsx"), "HealthPage"),
});

export const namedCachesRoute = createRoute({
  getParentRoute: () => cacheRoute,
  path: "/named",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("caches.list", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./named-caches.tsx"), "NamedCaches"),
});

export const entryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/cache/$key",
  loader: ({ context, params }) => context.queryClient.ensureQueryData(read("cache.show", params)),
  component: lazyRouteComponent(() => import("./entry-page.tsx"), "EntryPage"),
});
