import { openExplain } from '../explaining.ts';
import type { AskedCall, ExplainedStep, ExplainedVerdict, Explanation } from '../model/explanation.ts';
import { type Command, print, type Terminal, UsageError } from './command.ts';
import { configFile, readArguments, withConfig } from './config_option.ts';
import { readSecret } from './read_secret.ts';
import { printable } from './table.ts';

const OPTIONS = {
  token: { type: 'string' },
  'token-stdin': { type: 'boolean', default: false },
  host: { type: 'string' },
  header: { type: 'string', multiple: true },
  from: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** Tells what would become of a call, without making it. */
export const explain: Command = {
  name: 'explain',
  summary: 'tell what would become of a call, step by step',
  usage: `gatehouse explain METHOD PATH [--token - | --token TOKEN] [--host HOST] [--header 'NAME: VALUE']... [--from ADDRESS] [--json]

Which route covers the call, what is known of the token, whether its scopes are enough, what is left of limits, where it goes and what
the upstream is told of the caller; and where it stops, what to change. PATH may be a whole URL, whose host is then the HOST. Tokens are
looked up in the configured store. No call is made and none is counted.

--token - reads the token from the terminal or standard input (--token-stdin is the same). On the command line, other users of the
machine can see it while the command runs, and the shell's history keeps it.
Exit 0 when the call would go on, 1 when it would be refused, 2 for wrong usage or a wrong configuration.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, OPTIONS);
    const [method, where, ...more] = positionals;
    if (method === undefined || where === undefined) throw new UsageError('say which call: METHOD PATH');
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}" after the path`);
    const placed = placeOf(where);
    const host = values.host ?? placed.host;
    const headers = (values.header ?? []).map(headerOf);
    if (!/^[A-Za-z][A-Za-z-]{0,31}$/.test(method)) throw new UsageError('METHOD must be a method such as GET');
    if (host !== undefined && !/^[\x21-\x7e]{1,255}$/.test(host)) throw new UsageError('--host must be a host');

    return withConfig(configFile(values.config, terminal), terminal, async (config) => {
      const token = await tokenOf(values, terminal);
      if (token !== undefined && config.store.type === 'memory') {
        print(terminal.stderr, 'Tokens of the memory store are known to the running gateway alone: ask its console.');
        return 2;
      }
      const call: AskedCall = { method, target: placed.target, host, headers, token, remoteAddress: values.from };
      const explaining = await openExplain(config);
      try {
        const explanation = await explaining.explain(call);
        print(terminal.stdout, ...(values.json ? [JSON.stringify(explanation, null, 2)] : linesOf(explanation)));
        return explanation.verdict.outcome === 'refused' ? 1 : 0;
      } finally {
        await explaining.close();
      }
    });
  },
};

/** A URL is taken apart as text: what a parser would make of it (`..` resolved) is not what a caller sends. */
function placeOf(where: string): { readonly host?: string; readonly target: string } {
  const [, host, rest] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(where) ?? [];
  if (host === undefined || rest === undefined) {
    if (!where.startsWith('/')) throw new UsageError('PATH must start with "/", or be a URL');
    return { target: where };
  }
  return { host, target: rest.startsWith('/') ? rest : `/${rest}` };
}

function headerOf(line: string): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new UsageError("--header must be of the form 'NAME: VALUE'");
  return [name, value.trimEnd()];
}

async function tokenOf(
  { token, 'token-stdin': fromStdin }: { token?: string | undefined; 'token-stdin': boolean },
  terminal: Terminal,
): Promise<string | undefined> {
  if (fromStdin && token !== undefined && token !== '-')
    throw new UsageError('--token and --token-stdin exclude each other');
  const text = fromStdin || token === '-' ? await readSecret('Token', terminal) : token;
  if (text === undefined) return undefined;
  if (text === token)
    print(
      terminal.stderr,
      'Other users of this machine can see a token on the command line; --token - reads it unseen.',
    );
  // People paste what they find: the whole header line.
  const bare = text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '');
  if (!/^[\x21-\x7e]{1,4096}$/.test(bare)) throw new UsageError('the token must be visible ASCII without spaces');
  return bare;
}

const MARKS: Readonly<Record<ExplainedStep['outcome'], string>> = { ok: 'ok', stopped: 'STOP', skipped: '-' };

function linesOf({ steps, verdict }: Explanation): readonly string[] {
  const width = Math.max(...steps.map(({ name }) => name.length));
  const told = steps.flatMap(({ name, outcome, says, change }) => {
    const line = `${MARKS[outcome].padEnd(4)}  ${name.padEnd(width)}  ${printable(says)}`;
    return change === undefined ? [line] : [line, `${' '.repeat(width + 6)}  -> ${printable(change)}`];
  });
  return [...told, '', ...verdictLines(verdict)];
}

function verdictLines({ outcome, status, error, description, route, upstream, headers }: ExplainedVerdict): string[] {
  if (outcome === 'refused') return [`refused with ${status} (${error}): ${printable(description ?? '')}`];
  if (outcome === 'answered') return [`answered by Gatehouse${status === undefined ? '' : ` with ${status}`}`];
  const to = upstream?.targets.length ? `, to ${upstream.targets.join(' or ')} as ${upstream.path}` : '';
  const width = Math.max(0, ...headers.map(([name]) => name.length));
  const told = headers.map(([name, value]) => `  ${`${name}:`.padEnd(width + 1)} ${printable(value)}`);
  return [`let through by the route ${route}${to}, with`, ...told];
}
