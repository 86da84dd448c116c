import type { ServerFacts } from '../model/protocol.ts';

/** Metadata (RFC 8414) is the configuration's facts; the dialect adds its own URLs. */
export function createMetadata({ facts }: { readonly facts: ServerFacts }): () => Promise<ServerFacts> {
  return async () => facts;
}
