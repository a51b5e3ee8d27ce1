// The cache of answers, with what holds for all questions.

import { MemodagApiError } from "@memodag/client";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

/** Milliseconds for which an answer is taken as it is where no event has named it. */
const FRESH_MS = 30_000;

/** How often a question is repeated that got no answer. */
const MOST_REPEATS = 2;

/** Creates it. @param onSignedOut called when the server does not know the session any more */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error): void => {
    if (isSignedOut(error)) onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) => failures < MOST_REPEATS && !(error instanceof MemodagApiError),
      },
    },
  });
}

function isSignedOut(error: unknown): boolean {
  return error instanceof MemodagApiError && error.status === 401;
}
