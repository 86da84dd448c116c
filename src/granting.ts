/** Joins what grants tokens (`oauth/protocol.ts`): grants, issuer and signing keys, and who may hold what they make. */
import { databasesOf, grants, type SpokenDialects } from './compose.ts';
import type { Ground } from './ground.ts';
import type { Config } from './model/config.ts';
import type { ServerFacts } from './model/protocol.ts';
import type { PolicyOf } from './model/token_policy.ts';
import { createIdTokens } from './oauth/id_tokens.ts';
import { createMayHold } from './oauth/may_hold.ts';
import { createProtocol } from './oauth/protocol.ts';
import { createReuseNotes } from './oauth/reuse_notes.ts';
import type { ClientRegistry } from './registry/clients.ts';
import type { ConsentRegistry } from './registry/consents.ts';
import type { People } from './signing_in.ts';
import { createIssuer } from './tokens/issuing.ts';
import { createSigningKeys, keyAlgorithms } from './tokens/signing_keys.ts';

/** What was made of the configuration already. */
export interface GrantingDependencies {
  readonly clients: ClientRegistry;
  readonly consents: ConsentRegistry;
  readonly people: People;
  readonly dialects: SpokenDialects;
  readonly isForged: (token: string) => boolean;
}

export function composeProtocol(
  config: Config,
  ground: Ground,
  { clients, consents, people, dialects, isForged }: GrantingDependencies,
) {
  const { documents, store, marks, clock, passwords, attempts, attemptsHere, signIns: notes, note } = ground;
  const { users, proving, codes, desk } = people;
  const settings = config.tokens;
  const policyOf: PolicyOf = (type) => dialects.dialectOf(type).tokens;
  const reused = createReuseNotes({ note, clock });
  const facts: ServerFacts = {
    get issuer() {
      return config.listen.publicUrl ?? ground.url();
    },
    grantTypes: Object.keys(grants),
    scopes: [...new Set(config.clients.flatMap((client) => client.scopes))],
  };

  const mayHold = createMayHold({ clients, users, databases: databasesOf(config) });
  const issuer = createIssuer({ store, clock, settings, marks, reused: reused('refresh_token'), mayHold });
  const signingKeys = createSigningKeys({
    documents,
    clock,
    algorithms: keyAlgorithms(dialects.speaking.map(({ dialect }) => dialect.tokens)),
    rotation: config.idTokens.keyRotation,
    tokenTtl: config.idTokens.ttl,
    serverSecret: config.serverSecret,
  });
  const idTokens = createIdTokens({ keys: signingKeys, clock, settings: config.idTokens, facts });
  const protocol = createProtocol({
    grants: Object.values(grants).map((create) =>
      create({ store, isForged, reused: reused('code'), desk, clock, idTokens, policyOf }),
    ),
    notes,
    attempts,
    codes,
    desk,
    connections: proving,
    clients,
    consents,
    passwords,
    store,
    isForged,
    issuer,
    clock,
    settings,
    policyOf,
    facts,
    idTokens,
    signingKeys,
    alone: { denials: store, attempts: attemptsHere },
  });
  return { protocol, issuer };
}
