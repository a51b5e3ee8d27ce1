// Acts: they change something, and what is shown is asked for anew.

import type { RoutedName } from "@memodag/api-contract/routes";
import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { call, type InputOf, type OutputOf } from "./api.ts";

/**
 * An act as a mutation.
 * @example const pause = useAct("dags.pause"); pause.mutate({ team, dagId, isPaused: true });
 */
export function useAct<N extends RoutedName>(
  name: N,
): UseMutationResult<OutputOf<N>, Error, InputOf<N>, unknown> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationKey: [name],
    mutationFn: (input: InputOf<N>) => call(name, input),
    onSuccess: () => queryClient.invalidateQueries(),
  });
}
