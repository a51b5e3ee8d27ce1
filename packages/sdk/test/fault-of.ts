// What a declaration is refused with.

import { MemodagError } from "@memodag/core";
import { expect } from "vitest";

/** Returns the message of the `dag_invalid` that is thrown. */
export function faultOf(declare: () => unknown): string {
  try {
    declare();
  } catch (error) {
    if (error instanceof MemodagError && error.code === "dag_invalid") return error.message;
    throw error;
  }
  return expect.unreachable("nothing was refused");
}
