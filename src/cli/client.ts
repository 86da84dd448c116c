import { variants } from '../compose.ts';
import { client as clientSchema } from '../config/schema/client.ts';
import { inSeconds, parseDuration, seconds } from '../model/units.ts';
import { type Actions, onePositional, runAction } from './actions.ts';
import { type Command, print, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { PAGE_SIZE, withRegistry } from './registry.ts';
import { table } from './table.ts';

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, { after: { type: 'string' } });
    return withRegistry(values.config, terminal, async ({ clients }) => {
      const { items, next } = await clients.list(PAGE_SIZE, values.after);
      const rows = items.map((each) => [
        each.id,
        each.name,
        each.public ? 'public' : 'confidential',
        each.grants.join(' '),
        each.scopes.join(' '),
      ]);
      print(terminal.stdout, ...table(['ID', 'NAME', 'KIND', 'GRANTS', 'SCOPES'], rows));
      if (next !== undefined) print(terminal.stderr, `There are more: --after ${next}`);
      return 0;
    });
  },

  add(args, terminal) {
    const { values, positionals } = readArguments(args, {
      id: { type: 'string' },
      grant: { type: 'string', multiple: true },
      'redirect-uri': { type: 'string', multiple: true },
      scope: { type: 'string', multiple: true },
      public: { type: 'boolean', default: false },
      description: { type: 'string' },
    });
    const name = onePositional(positionals, 'name of the client');
    const grants = values.grant ?? ['authorization_code', 'refresh_token'];
    const { id, description } = values;
    const fields = {
      name,
      grants,
      public: values.public,
      redirect_uris: values['redirect-uri'] ?? [],
      scopes: values.scope ?? [],
    };
    check({ ...fields, id: id ?? 'generated', ...(description !== undefined && { description }) });
    return withRegistry(values.config, terminal, async ({ clients }) => {
      const { redirect_uris: redirectUris, ...rest } = fields;
      const draft = {
        ...rest,
        redirectUris,
        ...(id !== undefined && { id }),
        ...(description !== undefined && { description }),
      };
      const { client, secret } = await clients.add(draft);
      print(terminal.stdout, `client_id      ${client.id}`);
      if (secret !== undefined) print(terminal.stdout, `client_secret  ${secret}`);
      if (secret !== undefined)
        print(terminal.stderr, 'The secret is shown this once; `gatehouse client rotate` makes a new one.');
      return 0;
    });
  },

  rotate(args, terminal) {
    const { values, positionals } = readArguments(args, { overlap: { type: 'string', default: '24h' } });
    const id = onePositional(positionals, 'client id');
    const overlap = values.overlap === '0' ? 0 : parseDuration(values.overlap);
    if (overlap === undefined)
      throw new UsageError(`--overlap takes a duration such as 24h, or 0; "${values.overlap}" is none`);
    return withRegistry(values.config, terminal, async ({ clients }) => {
      const secret = await clients.rotateSecret(id, overlap === 0 ? seconds(0) : inSeconds(overlap));
      print(terminal.stdout, `client_secret  ${secret}`);
      print(
        terminal.stderr,
        overlap === 0 ? 'The old secret is dead.' : `The old secret works for another ${values.overlap}.`,
      );
      return 0;
    });
  },

  remove(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'client id');
    return withRegistry(values.config, terminal, async ({ clients, tokens }) => {
      if (!(await clients.remove(id))) {
        print(terminal.stderr, `There is no client "${id}": see gatehouse client list.`);
        return 1;
      }
      const ended = await tokens.revokeAll({ of: 'client', id });
      print(terminal.stdout, `removed ${id} and revoked ${ended} of its grants`);
      return 0;
    });
  },
};

interface ClientFields {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly grants: readonly string[];
  readonly public: boolean;
  readonly redirect_uris: readonly string[];
  readonly scopes: readonly string[];
}

/** Holds a client to the rules of the configuration file. @throws UsageError with everything that is wrong. */
function check(fields: ClientFields): void {
  const parsed = clientSchema.safeParse(fields);
  const problems = (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
  for (const grant of fields.grants.filter((each) => !variants.grants.includes(each))) {
    problems.push(`grant "${grant}" is not one of ${variants.grants.join(', ')}`);
  }
  if (fields.public && fields.grants.includes('client_credentials')) {
    problems.push('client_credentials is not for public clients, which have no secret');
  }
  if (fields.grants.includes('authorization_code') && fields.redirect_uris.length === 0) {
    problems.push('authorization_code needs at least one --redirect-uri');
  }
  if (problems.length > 0) throw new UsageError(problems.join('; '));
}

/** Manages the applications that may ask for tokens. */
export const client: Command = {
  name: 'client',
  summary: 'list, add, rotate and remove clients in the store',
  usage: `gatehouse client list [--after ID]
gatehouse client add NAME [--id ID] [--grant TYPE]... [--redirect-uri URI]... [--scope SCOPE]... [--public] [--description TEXT]
gatehouse client rotate ID [--overlap 24h]   a new secret; the old one works until the overlap ends
gatehouse client remove ID                   with every token it holds

Clients written in the configuration are listed too, but changed there. Grants default to authorization_code and refresh_token.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
