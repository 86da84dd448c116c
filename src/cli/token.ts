import type { Registry } from '../house.ts';
import { type Actions, runAction } from './actions.ts';
import { type Command, print, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { readSecret } from './read_secret.ts';
import { PAGE_SIZE, withRegistry } from './registry.ts';
import { table } from './table.ts';

const OWNER = { user: { type: 'string' }, client: { type: 'string' } } as const;

/** A user or a client, all of whose grants are meant. */
type Owner = Parameters<Registry['tokens']['revokeAll']>[0];

/** @throws UsageError for both at once. */
function ownerOf(values: { user?: string | undefined; client?: string | undefined }): Owner | undefined {
  if (values.user !== undefined && values.client !== undefined)
    throw new UsageError('--user and --client exclude each other');
  if (values.user !== undefined) return { of: 'user', id: values.user };
  return values.client === undefined ? undefined : { of: 'client', id: values.client };
}

const instant = (time: number): string => new Date(time * 1000).toISOString();

const actions: Actions = {
  list(args, terminal) {
    const { values } = readArguments(args, OWNER);
    const owner = ownerOf(values);
    if (!owner) throw new UsageError('say whose: --user ID or --client ID');
    return withRegistry(values.config, terminal, async ({ tokens }) => {
      const families = await tokens.list(owner, PAGE_SIZE);
      const rows = families.map((each) => [
        each.id,
        each.client,
        each.user?.subject ?? '',
        each.device ?? '',
        each.scopes.join(' '),
        instant(each.issuedAt),
        instant(each.expiresAt),
      ]);
      print(terminal.stdout, ...table(['GRANT', 'CLIENT', 'USER', 'DEVICE', 'SCOPES', 'ISSUED', 'EXPIRES'], rows));
      return 0;
    });
  },

  inspect(args, terminal) {
    const { values } = readArguments(args, {});
    return withRegistry(values.config, terminal, async ({ tokens }) => {
      const found = await tokens.inspect(await readSecret('Token', terminal));
      if (!found) {
        print(terminal.stdout, 'unknown, expired or revoked');
        return 1;
      }
      print(terminal.stdout, JSON.stringify(found, null, 2));
      return 0;
    });
  },

  revoke(args, terminal) {
    const { values } = readArguments(args, { ...OWNER, device: { type: 'string' } });
    const owner = ownerOf(values);
    if (values.device !== undefined && owner?.of !== 'user')
      throw new UsageError('--device needs --user ID: whose device?');
    return withRegistry(values.config, terminal, async ({ tokens }) => {
      if (owner) {
        print(terminal.stdout, `revoked ${await tokens.revokeAll(owner, values.device)} grants`);
        return 0;
      }
      const revoked = await tokens.revoke(await readSecret('Token', terminal));
      print(terminal.stdout, revoked ? 'revoked' : 'there was no such token');
      return revoked ? 0 : 1;
    });
  },
};

/** Looks at tokens and ends them. */
export const token: Command = {
  name: 'token',
  summary: 'list, inspect and revoke tokens in the store',
  usage: `gatehouse token list --user ID | --client ID
gatehouse token inspect                      what a token stands for; the token is read from the terminal or standard input
gatehouse token revoke                       that token; a refresh token takes its whole grant with it
gatehouse token revoke --user ID [--device NAME] | --client ID

Running gateways refuse a revoked token within a second.`,
  run: (args, terminal) => runAction(actions, args, terminal),
};
