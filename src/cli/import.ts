import { variants } from '../compose.ts';
import { type ForeignFile, readForeign, writeYaml } from '../config/foreign.ts';
import { parseConfig } from '../config/parse.ts';
import { ConfigError, formatProblem } from '../config/problems.ts';
import { secretHash } from '../config/secret_hash.ts';
import { passwords } from '../house.ts';
import { importExpressGateway } from '../imports/express_gateway.ts';
import type { Imported, ImportTools, Note } from '../imports/item.ts';
import { importKong } from '../imports/kong.ts';
import { type Command, type ExitCode, print, type Terminal, UsageError } from './command.ts';
import { readArguments } from './config_option.ts';
import { printable } from './table.ts';

const TOOLS: ImportTools = { secretHash, isPasswordHash: passwords.isHash };

const KINDS: Readonly<Record<string, (documents: readonly unknown[]) => Imported>> = {
  'express-gateway': ([gateway, ...more]) => importExpressGateway(gateway, more, TOOLS),
  kong: ([document]) => importKong(document, TOOLS),
};

/** Turns the configuration of another gateway into ours. */
export const importFrom: Command = {
  name: 'import',
  summary: 'turn the configuration of another gateway into one of ours',
  usage: `gatehouse import express-gateway gateway.config.yml [--consumers FILE]... > gatehouse.yaml
gatehouse import kong kong.yaml > gatehouse.yaml

Prints a configuration on standard output, and on standard error everything that could not be carried as it was, as
  file:line: where: what, and what to do about it
What cannot be guarded as it was is left out rather than let through. --consumers takes what Express Gateway has besides its
configuration: users, apps and credentials (as \`eg users list\` prints them, or out of Redis), and system.config.yml.
Then: gatehouse check --config gatehouse.yaml. See docs/migration.md.
Exit 0 when there is a configuration, 1 when it must be corrected by hand first, 2 when a file cannot be read.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { consumers: { type: 'string', multiple: true } });
    const [kind = '', file, ...more] = positionals;
    const known = Object.keys(KINDS);
    const convert = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (convert === undefined) throw new UsageError(`say from which: ${known.join(' or ')}`);
    if (file === undefined) throw new UsageError('the file is missing');
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}" after the file`);
    const consumers = values.consumers ?? [];
    if (kind === 'kong' && consumers.length > 0) throw new UsageError('the consumers of Kong stand in its own file');

    let files: readonly ForeignFile[];
    try {
      files = await Promise.all([file, ...consumers].map((one) => readForeign(one)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      print(terminal.stderr, ...error.problems.map(formatProblem));
      return 2;
    }
    const { config, notes } = convert(files.map(({ value }) => value));
    const yaml = writeYaml(config);
    terminal.stdout.write(yaml);
    for (const line of linesOf(notes, files)) print(terminal.stderr, line);
    return judge(yaml, terminal);
  },
};

/** In the order of the files, then of their lines. */
function linesOf(notes: readonly Note[], files: readonly ForeignFile[]): readonly string[] {
  const placed = notes.map((note) => ({ note, line: files[note.source]?.lineOf(note.path) ?? 1 }));
  placed.sort((one, other) => one.note.source - other.note.source || one.line - other.line);
  return placed.map(({ note, line }) => lineOf(note, files[note.source]?.file ?? '', line));
}

function lineOf({ path, says, change }: Note, file: string, line: number): string {
  const where = path.reduce<string>(
    (key, step) => (typeof step === 'number' ? `${key}[${step}]` : key === '' ? step : `${key}.${step}`),
    '',
  );
  return printable(`${file}:${line}: ${where || 'the whole'}: ${says}. ${change}`);
}

/** Says what is wrong with what came out, so that nobody finds out when the gateway starts. */
function judge(yaml: string, { env, stderr }: Terminal): ExitCode {
  const readFile = (): never => {
    throw new Error('is not looked at here');
  };
  try {
    parseConfig(yaml, { file: 'the result', env, readFile, variants });
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(stderr, '', 'To be corrected by hand:', ...error.problems.map(formatProblem));
    return 1;
  }
}
