import type { AnswerReader, Outgoing, UpstreamError } from './exchange.ts';

/** A call, as far as the connection that carries it must know it. */
export interface Carried {
  readonly outgoing: Outgoing;
  readonly reader: AnswerReader;
  /** Goes in front of its path; empty, or `/base` without a slash at its end. */
  readonly basePath: string;
  /** When it must be over, on the clock of `Deadlines`. */
  readonly mustEnd: number;
  /** Its head is written, or will be with the first of its body, which is wanted now. */
  onReady(): void;
  /** More of the body may be written. */
  onDrain(): void;
  /** The head of the answer is there. */
  onAnswered(status: number): void;
  /** The answer is whole. Told before its reader is. */
  onDone(): void;
  /** @param unseen how it is certain that the upstream saw nothing of it; undefined if it is not. */
  onFailed(error: UpstreamError, unseen: 'unconnected' | 'stale' | undefined): void;
}
