/** Joins what proves who people are: the connections of a configuration, and the desk in front of them (`oauth/sign_in.ts`). */
import { createConnection } from './compose.ts';
import type { Ground } from './ground.ts';
import type { Config } from './model/config.ts';
import { createOneTimeCodes } from './oauth/one_time_codes.ts';
import { createSignInDesk } from './oauth/sign_in.ts';
import { createUsers } from './registry/users.ts';
import type { TokenStore } from './stores/token_store.ts';

/** What signing in takes of the ground. */
export type PeopleGround = Pick<
  Ground,
  'documents' | 'counters' | 'clock' | 'passwords' | 'attempts' | 'secret' | 'print' | 'signIns' | 'log'
> & { readonly store: TokenStore };

export function composePeople(config: Config, ground: PeopleGround) {
  const { documents, counters, store, clock, passwords, attempts, log, signIns: notes } = ground;
  const users = createUsers({ configured: config.users, documents, clock });
  const proving = config.connections.flatMap((connection) =>
    createConnection(connection, {
      name: connection.name,
      clock,
      users,
      passwords,
      report: (event, detail) => log.event('warn', event, { connection: connection.name, ...detail }),
      print: ground.print,
    }),
  );
  const codes = createOneTimeCodes({ store, counters, clock, secret: config.serverSecret ?? ground.secret });
  const whose = async (connections: readonly string[], username: string) => {
    const found = await Promise.all(connections.map((name) => users.findByUsername(name, username)));
    return found.find((user) => user !== undefined);
  };
  const desk = createSignInDesk({ connections: proving, attempts, codes, notes, whose });
  return { users, proving, codes, desk };
}

export type People = ReturnType<typeof composePeople>;
