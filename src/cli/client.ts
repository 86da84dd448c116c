import {
  createClient,
  deleteClient,
  endPreviousSecret,
  listClients,
  rotateSecret,
  updateClient,
} from '../admin/clients.ts';
import { type Actions, onePositional, runAction } from './actions.ts';
import { PAGE_SIZE, withOperations } from './administering.ts';
import { type Command, type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { table } from './table.ts';

/** The options that say what a client may do. */
const FIELDS = {
  grant: { type: 'string', multiple: true },
  'redirect-uri': { type: 'string', multiple: true },
  scope: { type: 'string', multiple: true },
  audience: { type: 'string', multiple: true },
  connection: { type: 'string', multiple: true },
  dialect: { type: 'string', multiple: true },
  description: { type: 'string' },
} as const;

interface FieldValues {
  readonly grant?: string[] | undefined;
  readonly 'redirect-uri'?: string[] | undefined;
  readonly scope?: string[] | undefined;
  readonly audience?: string[] | undefined;
  readonly connection?: string[] | undefined;
  readonly dialect?: string[] | undefined;
  readonly description?: string | undefined;
}

/** Those that were written. */
function fieldsOf(values: FieldValues) {
  const { grant, scope, audience, connection, dialect, description } = values;
  const redirectUris = values['redirect-uri'];
  return {
    ...(grant && { grants: grant }),
    ...(redirectUris && { redirect_uris: redirectUris }),
    ...(scope && { scopes: scope }),
    ...(audience && { audience }),
    ...(connection && { connections: connection }),
    ...(dialect && { dialects: dialect }),
    ...(description !== undefined && { description }),
  };
}

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, { after: { type: 'string' }, search: { type: 'string' } });
    return withOperations(values.config, terminal, async (perform) => {
      const { after, search } = values;
      const { items, next } = await perform(listClients, {
        limit: PAGE_SIZE,
        ...(after !== undefined && { after }),
        ...(search !== undefined && { search }),
      });
      const rows = items.map((each) => [
        each.id,
        each.name,
        each.public ? 'public' : 'confidential',
        each.grants.join(' '),
        each.scopes.join(' '),
        each.disabled ? 'disabled' : '',
      ]);
      print(terminal.stdout, ...table(['ID', 'NAME', 'KIND', 'GRANTS', 'SCOPES', 'STATE'], rows));
      if (next !== undefined) print(terminal.stderr, `There are more: --after ${next}`);
      return 0;
    });
  },

  add(args, terminal) {
    const { values, positionals } = readArguments(args, {
      id: { type: 'string' },
      public: { type: 'boolean', default: false },
      ...FIELDS,
    });
    const name = onePositional(positionals, 'name of the client');
    const { id } = values;
    const draft = {
      ...{ name, public: values.public, grants: ['authorization_code', 'refresh_token'] },
      ...fieldsOf(values),
      ...(id !== undefined && { id }),
    };
    return withOperations(values.config, terminal, async (perform) => {
      const client = await perform(createClient, draft);
      print(terminal.stdout, `client_id      ${client.id}`);
      if (client.client_secret === undefined) return 0;
      print(terminal.stdout, `client_secret  ${client.client_secret}`);
      print(terminal.stderr, 'The secret is shown this once; `gatehouse client rotate` makes a new one.');
      return 0;
    });
  },

  update(args, terminal) {
    const { values, positionals } = readArguments(args, { name: { type: 'string' }, ...FIELDS });
    const id = onePositional(positionals, 'client id');
    const change = { ...fieldsOf(values), ...(values.name !== undefined && { name: values.name }) };
    if (Object.keys(change).length === 0) throw new UsageError('say what is to change, such as --name or --scope');
    return withOperations(values.config, terminal, async (perform) => {
      await perform(updateClient, { id, ...change });
      print(terminal.stdout, `changed ${id}`);
      return 0;
    });
  },

  disable: (args, terminal) => setDisabled(args, terminal, true),
  enable: (args, terminal) => setDisabled(args, terminal, false),

  rotate(args, terminal) {
    const { values, positionals } = readArguments(args, { overlap: { type: 'string', default: '24h' } });
    const id = onePositional(positionals, 'client id');
    const { overlap } = values;
    return withOperations(values.config, terminal, async (perform) => {
      const rotated = await perform(rotateSecret, { id, overlap });
      print(terminal.stdout, `client_secret  ${rotated.client_secret}`);
      const isOver = rotated.previous_expires_at === undefined;
      print(terminal.stderr, isOver ? 'The old secret is dead.' : `The old secret works for another ${overlap}.`);
      return 0;
    });
  },

  'end-overlap'(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'client id');
    return withOperations(values.config, terminal, async (perform) => {
      await perform(endPreviousSecret, { id });
      print(terminal.stdout, `only the newest secret of ${id} works now`);
      return 0;
    });
  },

  remove(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    const id = onePositional(positionals, 'client id');
    return withOperations(values.config, terminal, async (perform) => {
      const { ended_grants: ended } = await perform(deleteClient, { id });
      print(terminal.stdout, `removed ${id} and revoked ${ended} of its grants`);
      return 0;
    });
  },
};

function setDisabled(args: readonly string[], terminal: Terminal, disabled: boolean): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {});
  const id = onePositional(positionals, 'client id');
  return withOperations(values.config, terminal, async (perform) => {
    const { ended_grants: ended = 0 } = await perform(updateClient, { id, disabled });
    print(terminal.stdout, disabled ? `disabled ${id} and revoked ${ended} of its grants` : `enabled ${id}`);
    return 0;
  });
}

/** Manages the applications that may ask for tokens. */
export const client: Command = {
  name: 'client',
  summary: 'list, add, change, rotate and remove clients in the store',
  usage: `gatehouse client list [--search TEXT] [--after ID]
gatehouse client add NAME [--id ID] [--public] [--description TEXT] [--grant TYPE]... [--redirect-uri URI]... [--scope SCOPE]...
                          [--audience NAME]... [--connection NAME]... [--dialect NAME]...
gatehouse client update ID [--name NAME] and any of these; each replaces what the client has
gatehouse client disable ID                  it gets no tokens, and those it holds end
gatehouse client enable ID
gatehouse client rotate ID [--overlap 24h]   a new secret; the old one works until the overlap ends
gatehouse client end-overlap ID              the old secret stops working now
gatehouse client remove ID                   with every token it holds

Clients written in the configuration are listed too, but changed there. Grants default to authorization_code and refresh_token.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
