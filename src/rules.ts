/**
 * What a configuration makes: the rules that requests are handled by, joined of what decides about calls, what proves people and what
 * grants tokens. All wiring, no logic: a decision that seems to belong here belongs in a room.
 */
import { createAccount } from './account/account.ts';
import { databasesOf, spokenDialects, standardDialect } from './compose.ts';
import { hashPassword } from './connections/password_hash.ts';
import { composeGateway } from './deciding.ts';
import { createForwardAuth } from './gateway/forward_auth.ts';
import type { Gateway } from './gateway/gateway.ts';
import { createTakeNotes, notingGateway } from './gateway/noting_gateway.ts';
import { composeProtocol } from './granting.ts';
import type { Ground } from './ground.ts';
import { callbackBeside } from './http/browser_flow.ts';
import { createEndpoints } from './http/edge.ts';
import { createForwardAuthEndpoint } from './http/forward_auth_endpoint.ts';
import type { FindEndpoint } from './http/own_endpoints.ts';
import type { Config } from './model/config.ts';
import type { Route } from './model/route.ts';
import type { SignInDesk } from './oauth/sign_in.ts';
import { createClients } from './registry/clients.ts';
import { createConsents } from './registry/consents.ts';
import { composePeople } from './signing_in.ts';

/** What a configuration makes. Nothing in it needs to be closed. */
export interface Rules {
  /** Those of the configuration, with the limits of their dialects. */
  readonly routes: readonly Route[];
  readonly gateway: Gateway;
  readonly endpoints: FindEndpoint;
  /** Where passwords are evaluated, for whoever signs in to what is no app. */
  readonly desk: SignInDesk;
}

/** Joins everything between the listeners and the ground. Changes nothing outside, so that what throws here has done no harm. */
export function composeRules(config: Config, ground: Ground): Rules {
  const { documents, store, clock, report, note, tokenIssued, log } = ground;
  const { trustedProxies } = config.listen;

  // 1. Who there is: clients, consents and people.
  const clients = createClients({ configured: config.clients, documents, clock });
  const consents = createConsents({ documents, clock });
  const people = composePeople(config, ground);
  const { users, desk } = people;

  // 2. What decides about calls, with notes where traces or the combined log want them.
  const { routes, gateway: decides, isForged } = composeGateway(config, ground);
  const callers = config.log.access === 'combined';
  const take = createTakeNotes({ tracer: ground.tracer, callers, trustedProxies });
  const gateway = take ? notingGateway(decides, take) : decides;

  // 3. What grants tokens, in the words of the dialects.
  const dialects = spokenDialects(config);
  const { protocol, issuer } = composeProtocol(config, ground, { clients, consents, people, dialects, isForged });

  // 4. Our own endpoints and pages.
  const account =
    config.account &&
    createAccount({
      settings: config.account,
      // Outside providers know one URL, and it is that of a dialect if there is one on every host.
      callback: dialects.speaking.flatMap(({ dialect, host }) => (host ? [] : (callbackBeside(dialect) ?? [])))[0],
      flow: protocol.authorization,
      desk,
      store,
      clients,
      consents,
      users,
      issuer,
      clock,
      hashPassword,
      placeOf: ({ subject, connection }) => {
        if (!databasesOf(config).includes(connection)) return 'connection';
        return users.isConfigured(subject) ? 'configuration' : 'store';
      },
      note,
      tokenIssued,
    });
  const forwardAuth = config.forwardAuth
    ? createForwardAuthEndpoint({
        forwardAuth: createForwardAuth({ gateway, identityHeaders: config.identityHeaders, trustedProxies }),
        clock,
        report,
      })
    : undefined;
  const endpoints = createEndpoints({
    dialects: dialects.speaking,
    pages: account && { actions: account, words: standardDialect },
    protocol,
    clock,
    trustedProxies,
    notes: take,
    forwardAuth,
    report,
    tokenIssued,
    trouble: (level, event, detail) => log.event(level, event, detail),
  });

  return { routes, gateway, endpoints, desk };
}
