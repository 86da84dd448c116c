import { DependencyUnavailable } from '../model/failure.ts';

/** Whether this process should get traffic. */
export interface Readiness {
  /** From now on it should not, whatever else is well. */
  drain(): void;
  /** Why it should not; empty if it should. Never rejects. */
  reasons(): Promise<readonly string[]>;
}

/** @param ping resolves when the store answers, and gives up by itself; what it throws names the store. */
export function createReadiness({ ping }: { readonly ping: () => Promise<void> }): Readiness {
  let draining = false;
  return {
    drain() {
      draining = true;
    },
    async reasons() {
      const away = await ping().then(() => [], nameOf);
      return [...(draining ? ['draining'] : []), ...away];
    },
  };
}

function nameOf(error: unknown): readonly string[] {
  return [
    error instanceof DependencyUnavailable
      ? `the store does not answer: ${error.message}`
      : 'the store does not answer',
  ];
}
