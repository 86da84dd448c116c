/** A place in the file: a list of keys and list positions, from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a configuration, and what would be right. Never carries a value that may be secret. */
export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** Where in the configuration, as `routes[0].upstream`. */
  readonly key: string;
  readonly message: string;
}

export const formatProblem = (it: Problem): string => `${it.file}:${it.line}:${it.column}: ${it.key}: ${it.message}`;

/** Thrown once per file, with every problem that was found in it, in the order of the lines. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** Beyond this many, a file is not a configuration with mistakes but something else; looking further would only cost time. */
const MOST = 200;

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Collects the problems of one file; nothing is thrown before all of it has been looked at. */
export class Problems {
  readonly #file: string;
  readonly #found: Problem[] = [];
  readonly #doubtful: { readonly from: number; readonly to: number }[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  add(position: Position, key: string, message: string): void {
    const { line, column } = position;
    if (this.full || this.#doubtful.some(({ from, to }) => line >= from && line <= to)) return;
    this.#found.push({ file: this.#file, line, column, key, message });
  }

  /** From now on ignores what is found in these lines: a syntax error in them has been reported, the rest would follow from it. */
  doubt(from: number, to: number): void {
    this.#doubtful.push({ from, to });
  }

  /** Whether looking for more is pointless, because no more will be reported. */
  get full(): boolean {
    return this.#found.length >= MOST;
  }

  /** @throws ConfigError if any problem was added. */
  throwIfAny(): void {
    if (this.#found.length > 0) this.throwAll();
  }

  /** @throws ConfigError always. */
  throwAll(): never {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const last = sorted.at(-1);
    if (this.full && last)
      sorted.push({ ...last, key: 'configuration', message: `only the first ${MOST} problems are shown` });
    throw new ConfigError(sorted);
  }
}

/** Writes a path as people do: `clients[2].redirect_uris[0]`. */
export function keyOf(path: Path): string {
  let key = '';
  for (const step of path) {
    if (typeof step === 'number') key += `[${step}]`;
    else key += key === '' ? printable(step) : `.${printable(step)}`;
  }
  return key === '' ? 'configuration' : key;
}

/** Text from the file, made fit for one line of a terminal. */
export function printable(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return short.replace(/[^\x20-\x7e…]/g, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}
