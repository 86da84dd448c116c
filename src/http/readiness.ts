/** Whether this process should get traffic. */
export interface Readiness {
  /** From now on it should not, whatever else is well. */
  drain(): void;
  /** Why it should not; empty if it should. Never rejects. */
  reasons(): Promise<readonly string[]>;
}

/** @param ping resolves when the store answers, and gives up by itself. */
export function createReadiness({ ping }: { readonly ping: () => Promise<void> }): Readiness {
  let draining = false;
  return {
    drain() {
      draining = true;
    },
    async reasons() {
      const up = await ping().then(
        () => true,
        () => false,
      );
      return [...(draining ? ['draining'] : []), ...(up ? [] : ['the store does not answer'])];
    },
  };
}
