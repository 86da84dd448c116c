import {
  Composer,
  type Document,
  isMap,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import { positionsIn } from './positions.ts';
import type { Position, Problems } from './problems.ts';

/** The file as a syntax tree that still knows where everything stands. */
export interface ParsedFile {
  readonly root: ParsedNode;
  position(offset: number): Position;
  /** Without syntax errors. Otherwise parts may be missing or misplaced, and only what stands in other sections can be judged. */
  readonly sound: boolean;
}

/** How much of a text is read before it is something else than what it should be. */
export interface Limits {
  /** Levels of nesting. */
  readonly deepest: number;
  /** Words, signs, spaces and line ends. Each costs the tree up to 0.4 KB. */
  readonly lexemes: number;
  /** Of one list or mapping. */
  readonly entries: number;
}

/** The deepest key there is has eight levels; some 2,000 routes, in a tree below 50 MB. */
const LIMITS: Limits = { deepest: 32, lexemes: 100_000, entries: 5_000 };
const MOST_SYNTAX_ERRORS = 20;

/** A file that is not worth understanding: reading stops at once. */
export class TooMuch extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Reads YAML 1.2 text. Syntax problems are added with their position.
 * @returns undefined when nothing of the text can be judged.
 */
export function parseDocument(text: string, problems: Problems): ParsedFile | undefined {
  const position = positionsIn(text);
  const report = (offset: number, message: string) => problems.add(position(offset), 'yaml', message);

  let documents: Document.Parsed[];
  try {
    documents = compose(text);
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    report(error.offset, error.message);
    return undefined;
  }

  const [document, second] = documents;
  if (second) report(second.range[0], 'a second document begins here: a configuration is one document');
  const errors = firstOfEach(document?.errors ?? [], (offset) => position(offset).line);
  for (const error of errors) report(error.pos[0], wordsFor(error, text));
  const root = document?.contents;
  if (isMap(root)) {
    for (const { from, to } of sectionsOf(root, text.length)) {
      const damaged = errors.some(({ pos: [offset] }) => offset >= from && offset <= to);
      if (damaged) problems.doubt(position(from).line, position(to).line);
    }
    return { root, position, sound: errors.length === 0 };
  }
  if (errors.length === 0) {
    const empty = root === null || root === undefined || root.range[0] === root.range[1];
    report(
      0,
      `${empty ? 'the file is empty: it' : 'the file'} must be a mapping that starts with keys such as routes:`,
    );
  }
  return undefined;
}

/** One error per line, and one of a run of the same kind: the others follow from it. */
function firstOfEach(errors: readonly YAMLParseError[], lineOf: (offset: number) => number): YAMLParseError[] {
  const isFirst = (error: YAMLParseError, index: number): boolean => {
    const before = errors[index - 1];
    return !before || (before.code !== error.code && lineOf(before.pos[0]) !== lineOf(error.pos[0]));
  };
  return errors.filter(isFirst).slice(0, MOST_SYNTAX_ERRORS);
}

/** Where each top-level key with its value begins, and the last character before the next one. */
function sectionsOf(root: YAMLMap.Parsed, end: number): { from: number; to: number }[] {
  const starts = root.items.map(({ key }) => key.range[0]);
  return starts.map((from, index) => ({ from, to: (starts[index + 1] ?? end + 1) - 1 }));
}

/** Lexes, parses and composes in one pass, so that the limits stop all three before memory or the call stack is spent. */
export function compose(text: string, merge = false, limits = LIMITS): Document.Parsed[] {
  // Without `uniqueKeys`, whose check takes the square of the number of keys; resolve.ts checks with a set.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge,
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokens(text, limits), true, text.length)) {
    documents.push(document);
    if (documents.length > 1) break;
  }
  return documents;
}

function* tokens(text: string, { deepest, lexemes: most, entries }: Limits) {
  const parser = new Parser();
  let lexemes = 0;
  let errors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > most) {
      throw new TooMuch(parser.offset, `the file has more than ${most} words and signs: it cannot be a configuration`);
    }
    for (const token of parser.next(lexeme)) {
      // `%YAML 1.1` would switch to another language, with merge keys and `yes` for true.
      if (token.type === 'directive')
        throw new TooMuch(token.offset, 'directives (%) are not accepted: remove the line');
      if (token.type === 'error' && ++errors > MOST_SYNTAX_ERRORS)
        throw new TooMuch(token.offset, 'the text is not YAML');
      yield token;
    }
    const growing = parser.stack.at(-1);
    if (growing && 'items' in growing && growing.items.length > entries) {
      throw new TooMuch(
        parser.offset,
        `a list or mapping with more than ${entries} entries: it cannot be a configuration`,
      );
    }
    if (parser.stack.length > deepest) {
      throw new TooMuch(parser.offset, `nests deeper than ${deepest} levels: no key is that deep`);
    }
  }
  yield* parser.end();
}

/** Our own words for each syntax error, because the library's may repeat a piece of the text, which may be a secret. */
const WORDS: Readonly<Record<YAMLParseError['code'], string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag; aliases are not accepted: write the value out',
  BAD_ALIAS: 'aliases are not accepted: write the value out',
  BAD_COLLECTION_TYPE: 'tags (!) are not accepted: remove it',
  BAD_DIRECTIVE: 'directives (%) are not accepted: remove the line',
  BAD_DQ_ESCAPE: 'is not an escape of double-quoted text: write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'the indentation does not fit the lines above: align it with its neighbours, with spaces',
  BAD_PROP_ORDER: 'anchors and tags are not accepted: remove them',
  BAD_SCALAR_START: 'a value cannot start with this character: put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two colons in one line: put the value in quotes, or begin a new line',
  BLOCK_IN_FLOW: 'a block cannot stand inside { } or [ ]',
  DUPLICATE_KEY: 'the key is there twice: keep one',
  IMPOSSIBLE: 'is not YAML',
  KEY_OVER_1024_CHARS: 'the key is too long',
  MISSING_CHAR: 'a quote, bracket, comma, colon or space is missing before this',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing after the key, or a quote is not closed',
  MULTIPLE_ANCHORS: 'anchors are not accepted: remove them',
  MULTIPLE_DOCS: 'a second document begins here: a configuration is one document',
  MULTIPLE_TAGS: 'tags are not accepted: remove them',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'nests too deep',
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  TAG_RESOLVE_FAILED: 'tags (!) are not accepted: remove it',
  UNEXPECTED_TOKEN: 'was not expected here: check quotes, brackets and indentation of this line and the one above',
};

export function wordsFor(error: YAMLParseError, text: string): string {
  const near = text.slice(Math.max(0, error.pos[0] - 2), error.pos[0] + 2);
  // Braces end plain text inside a flow mapping, which is why a bare ${NAME} cannot stand there.
  if (near.includes('${')) return `inside { } or [ ], \${NAME} must be in quotes: "\${NAME}"`;
  return WORDS[error.code];
}
