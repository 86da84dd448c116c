/**
 * Reads `.http` files: requests with the answers they must get, as one would write them down for a reader.
 *
 *   # Comments, and in the head of the file:  config: config/roambi.yaml
 *
 *   ### What this pair shows
 *   # repeat: 101                          sends the request so often, and compares the last answer
 *   # printed: to +1555: <code: \d{6}>     a line that the gateway prints afterwards ends like this
 *   POST /1/token HTTP/1.1
 *   Content-Type: application/x-www-form-urlencoded
 *
 *   client_id=demo-app                     lines of a form are joined; `{{…}}` in it is percent-encoded
 *   &code={{code}}                         what an earlier answer had there
 *
 *   HTTP/1.1 200 OK
 *   Content-Type: application/json         headers that are not listed may be anything
 *   Location: <none>                       this one must not be there
 *
 *   {
 *     "access_token": "<token: 1/[\w-]{40}>",      a pattern, whose match is `{{token}}` from here on
 *     "expires_in": 86400
 *   }
 *
 * `{{base64 alice:wonderland}}` is what it says. JSON is compared as it is laid out by two spaces, so order counts.
 */
export interface HttpFile {
  readonly config: string;
  readonly pairs: readonly HttpPair[];
}

export interface HttpPair {
  readonly title: string;
  readonly repeat: number;
  readonly printed?: string | undefined;
  readonly request: HttpText;
  readonly answer: HttpText;
}

export interface HttpText {
  /** The request line or the status line. */
  readonly start: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function readHttpFile(text: string): HttpFile {
  const [head = '', ...sections] = text.split(/^### /m);
  const config = /^# *config: *(\S+)$/m.exec(head)?.[1];
  if (config === undefined) throw new Error('the file does not say which configuration it is about: # config: FILE');
  return { config, pairs: sections.map(readPair) };
}

function readPair(section: string): HttpPair {
  const [title = '', ...lines] = section.split('\n');
  const repeat = Number(/^# *repeat: *(\d+)$/m.exec(section)?.[1] ?? 1);
  const content = lines.filter((line) => !line.startsWith('#'));
  const answerAt = content.findIndex((line) => line.startsWith('HTTP/1.1 '));
  if (answerAt < 0) throw new Error(`"${title}" has no answer`);
  return {
    title: title.trim(),
    repeat,
    printed: /^# *printed: *(.+)$/m.exec(section)?.[1],
    request: readText(content.slice(0, answerAt)),
    answer: readText(content.slice(answerAt)),
  };
}

function readText(lines: readonly string[]): HttpText {
  const [start = '', ...rest] = lines.join('\n').trim().split('\n');
  const blank = rest.indexOf('');
  const [head, body] = blank < 0 ? [rest, []] : [rest.slice(0, blank), rest.slice(blank + 1)];
  const headers = head.map((line): [string, string] => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`"${line}" is no header`);
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { start: start.trim(), headers, body: body.join('\n').trim() };
}

const PLACE = /\{\{([^{}]+)\}\}/g;

/** Puts what is known in the place of `{{name}}`. @throws Error for a name that no earlier answer had. */
export function filled(text: string, known: ReadonlyMap<string, string>, write = (value: string) => value): string {
  return text.replaceAll(PLACE, (_, name: string) => {
    if (name.startsWith('base64 ')) return Buffer.from(name.slice('base64 '.length)).toString('base64');
    const value = known.get(name);
    if (value === undefined) throw new Error(`no answer so far had {{${name}}}`);
    return write(value);
  });
}

const PATTERN = /<([a-z0-9_]+): (.+?)>/g;

/** @returns what the patterns matched; undefined if the text is another one. */
export function matched(expected: string, actual: string): ReadonlyMap<string, string> | undefined {
  const { names, source } = compiled(expected);
  const match = new RegExp(`^${source}$`, 's').exec(actual);
  return match ? new Map(names.map((name, index) => [name, match[index + 1] ?? ''])) : undefined;
}

/** A regular expression for lines that end in a text with patterns. */
export const lineEndingIn = (expected: string): RegExp => new RegExp(`${compiled(expected).source}$`);

function compiled(expected: string): { readonly names: readonly string[]; readonly source: string } {
  const names: string[] = [];
  let source = '';
  let end = 0;
  for (const { index, 0: whole, 1: name = '', 2: pattern = '' } of expected.matchAll(PATTERN)) {
    source += `${RegExp.escape(expected.slice(end, index))}(${pattern})`;
    names.push(name);
    end = index + whole.length;
  }
  return { names, source: source + RegExp.escape(expected.slice(end)) };
}
