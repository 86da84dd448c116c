import { deleteGrant, inspectToken, listGrants, revokeGrants, revokeToken } from '../admin/tokens.ts';
import { type Actions, runAction } from './actions.ts';
import { PAGE_SIZE, withOperations } from './administering.ts';
import { type Command, print, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { readSecret } from './read_secret.ts';
import { table } from './table.ts';

const OWNER = { user: { type: 'string' }, client: { type: 'string' } } as const;

interface OwnerValues {
  readonly user?: string | undefined;
  readonly client?: string | undefined;
}

/** A user or a client, all of whose grants are meant; undefined for neither. @throws UsageError for both at once. */
function ownerOf({ user, client }: OwnerValues): { user: string } | { client: string } | undefined {
  if (user !== undefined && client !== undefined) throw new UsageError('--user and --client exclude each other');
  if (user !== undefined) return { user };
  return client === undefined ? undefined : { client };
}

/** What stands on a command line is seen by everybody on the machine. The argument is not repeated: it may be the token. */
function refuseTokenArgument(positionals: readonly string[]): void {
  if (positionals.length > 0)
    throw new UsageError('takes no token as an argument: type it when asked, or send it on standard input');
}

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, { ...OWNER, after: { type: 'string' } });
    const owner = ownerOf(values);
    if (!owner) throw new UsageError('say whose: --user ID or --client ID');
    return withOperations(values.config, terminal, async (perform) => {
      const { after } = values;
      const page = { limit: PAGE_SIZE, ...(after !== undefined && { after }) };
      const { items, next } = await perform(listGrants, { ...owner, ...page });
      const rows = items.map((each) => [
        each.id,
        each.client,
        each.user?.id ?? '',
        each.device ?? '',
        each.scopes.join(' '),
        each.issued_at,
        each.expires_at,
      ]);
      print(terminal.stdout, ...table(['GRANT', 'CLIENT', 'USER', 'DEVICE', 'SCOPES', 'ISSUED', 'EXPIRES'], rows));
      if (next !== undefined) print(terminal.stderr, `There are more: --after ${next}`);
      return 0;
    });
  },

  inspect(args, terminal) {
    const { values, positionals } = readArguments(args, {});
    refuseTokenArgument(positionals);
    return withOperations(values.config, terminal, async (perform) => {
      const found = await perform(inspectToken, { token: await readSecret('Token', terminal) });
      if (found.kind === undefined) {
        print(terminal.stdout, 'unknown, expired or revoked');
        return 1;
      }
      print(terminal.stdout, JSON.stringify(found, null, 2));
      return 0;
    });
  },

  revoke(args, terminal) {
    const { values, positionals } = readArguments(args, {
      ...OWNER,
      device: { type: 'string' },
      grant: { type: 'string' },
    });
    refuseTokenArgument(positionals);
    const owner = ownerOf(values);
    const { device, grant } = values;
    if (device !== undefined && (!owner || !('user' in owner)))
      throw new UsageError('--device needs --user ID: whose device?');
    if (grant !== undefined && owner) throw new UsageError('--grant is one grant: leave --user and --client out');
    return withOperations(values.config, terminal, async (perform) => {
      if (grant !== undefined) {
        await perform(deleteGrant, { grant });
        print(terminal.stdout, 'revoked 1 grants');
        return 0;
      }
      if (owner) {
        const { ended_grants: ended } = await perform(revokeGrants, {
          ...owner,
          ...(device !== undefined && { device }),
        });
        print(terminal.stdout, `revoked ${ended} grants`);
        return 0;
      }
      const { revoked } = await perform(revokeToken, { token: await readSecret('Token', terminal) });
      print(terminal.stdout, revoked ? 'revoked' : 'there was no such token');
      return revoked ? 0 : 1;
    });
  },
};

/** Looks at tokens and ends them. */
export const token: Command = {
  name: 'token',
  summary: 'list, inspect and revoke tokens in the store',
  usage: `gatehouse token list --user ID | --client ID [--after TEXT]
gatehouse token inspect                      what a token stands for; the token is read from the terminal or standard input
gatehouse token revoke                       that token; a refresh token takes its whole grant with it
gatehouse token revoke --user ID [--device NAME] | --client ID
gatehouse token revoke --grant ID            one grant of the list, with all its tokens

Running gateways refuse a revoked token within a second.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
