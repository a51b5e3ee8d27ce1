// Splits the Opticks into its propositions.

/** A part of the book. */
export interface TextPart {
  readonly title: string;
  readonly text: string;
}

/** Returns the text before the first proposition, then the propositions in order. */
export function splitOpticks(text: string): TextPart[] {
  const [preliminaries = "", ...propositions] = text.split(/^_PROP\._ /m);
  return [
    { title: "Definitions and axioms", text: preliminaries },
    ...propositions.map((proposition) => ({
      title: `Proposition ${/^[IVX]+/.exec(proposition)?.[0] ?? "without a number"}`,
      text: proposition,
    })),
  ];
}
