// Answers a task's questions in order, with limited concurrency.

import { messageOf, type Attempt } from "@memodag/core";
import { unanswered } from "./answer-question.ts";
import type { Answer, Question, ToWorker } from "./protocol.ts";

/** Maximum number of concurrent questions to the stores. */
const MOST_AT_ONCE = 16;

/** Maximum number of waiting questions. Beyond it, the channel of the task is paused. */
const MOST_WAITING = 256;

/** The channel to the task. */
export interface QuestionDeskOptions {
  /** Never rejects. */
  readonly answer: (attempt: Attempt, question: Question) => Promise<Answer>;
  readonly attempt: Attempt;
  /** Resolves when the task's side has received it. @throws RangeError if the message is too long */
  send(message: ToWorker): Promise<void>;
  /** Pauses or resumes reading. */
  listen(isListening: boolean): void;
}

/**
 * Answers the questions of one attempt. A task that asks endlessly, or does not read answers, blocks only
 * itself.
 */
export class QuestionDesk {
  readonly #options: QuestionDeskOptions;
  readonly #waiting: { readonly id: number; readonly question: Question }[] = [];
  #underWay = 0;

  constructor(options: QuestionDeskOptions) {
    this.#options = options;
  }

  /** Accepts a question, to be answered in its turn. */
  take(id: number, question: Question): void {
    this.#waiting.push({ id, question });
    if (this.#waiting.length >= MOST_WAITING) this.#options.listen(false);
    this.#next();
  }

  #next(): void {
    while (this.#underWay < MOST_AT_ONCE) {
      const asked = this.#waiting.shift();
      if (!asked) return;
      this.#underWay += 1;
      void this.#answer(asked.id, asked.question).then(() => {
        this.#underWay -= 1;
        if (this.#waiting.length < MOST_WAITING / 2) this.#options.listen(true);
        this.#next();
      });
    }
  }

  /** Never rejects. */
  async #answer(id: number, question: Question): Promise<void> {
    const answer = await this.#options.answer(this.#options.attempt, question);
    try {
      await this.#options.send({ kind: "answer", id, answer });
    } catch (error) {
      await this.#options.send({ kind: "answer", id, answer: unanswered(question, messageOf(error)) });
    }
  }
}
