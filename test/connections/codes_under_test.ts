import type { ConnectionVariant, OneTimeCodeConnection } from '../../src/connections/connection.ts';
import type { User } from '../../src/model/client.ts';
import { systemClock } from '../../src/model/clock.ts';
import { createUsers } from '../../src/registry/users.ts';
import type { Backend } from '../../src/stores/backend.ts';
import { memory } from '../../src/stores/memory.ts';
import { dependencies } from '../contract/backend_under_test.ts';

const person = { connection: 'users', passwordHash: '', roles: [], disabled: false };
const ALICE: User = {
  ...person,
  id: 'u-alice',
  username: 'alice',
  name: 'Alice',
  email: 'alice@example.com',
  phoneNumber: '+15550100',
};
const GONE: User = {
  ...person,
  id: 'u-gone',
  username: 'gone',
  email: 'gone@example.com',
  phoneNumber: '+15550109',
  disabled: true,
};

/** A connection that sends codes to users of a directory. @param print takes what a console would show. */
export async function codesOf(
  variant: ConnectionVariant,
  options: object,
  print?: (line: string) => void,
): Promise<OneTimeCodeConnection> {
  const backend = await (memory.create({}, dependencies()) as Promise<Backend>);
  const users = createUsers({ configured: [ALICE, GONE], documents: backend.documents, clock: systemClock });
  const [connection] = variant.create(variant.options.parse(options), {
    name: 'codes',
    clock: systemClock,
    users,
    passwords: { verify: async () => false },
    print,
    report: () => {},
  });
  if (connection?.kind !== 'otp') throw new Error('it sends codes');
  return connection;
}
