import { invalidFields } from '../../../admin/problem.ts';
import type { Fields } from '../fields.ts';

/** A call as it was typed. */
export interface TypedCall {
  readonly method?: string | undefined;
  /** Path and query, or a whole address. */
  readonly target?: string | undefined;
  readonly host?: string | undefined;
  /** One per line. */
  readonly headers: string;
  readonly body: string;
}

export const LABELS = {
  ...{ method: 'Method', target: 'Path', host: 'Host' },
  ...{ token: 'Token', headers: 'Headers', body: 'Body' },
} as const;

export const typedCall = (fields: Fields): TypedCall => ({
  method: fields.text('method'),
  target: fields.text('target'),
  host: fields.text('host'),
  headers: fields.exact('headers'),
  body: fields.exact('body'),
});

/** What the operations take. @throws AdminProblem `invalid` for a line that is no header. */
export function inputOf({ method, target, host, headers }: TypedCall, token: string) {
  const whole = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(target ?? '');
  const path = whole ? whole[2] || '/' : (target ?? '');
  return {
    ...(method !== undefined && { method: method.toUpperCase() }),
    target: path.startsWith('?') ? `/${path}` : path,
    ...((host ?? whole?.[1]) !== undefined && { host: host ?? whole?.[1] }),
    headers: headerLines(headers),
    ...(token !== '' && { token }),
  };
}

function headerLines(text: string) {
  const lines = text.split(/\r\n|\r|\n/);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [, name = '', value] = /^([^:]*):(.*)$/.exec(line) ?? [];
    if (value === undefined) {
      throw invalidFields([{ path: `headers.${index}`, message: 'must be a name, a colon and a value' }]);
    }
    return [{ name: name.trim(), value: value.trim() }];
  });
}

/** Names of headers and of parameters whose values let somebody in. */
const SECRET = /authori[sz]ation|cookie|token|secret|api-?key|password|credential|signature/i;
const IN_QUERY = /([?&]([^=&#]*)=)([^&#]*)/g;
const IN_HEADERS = /^([^:\r\n]*:)([^\r\n]*)/gm;

/** What may stand in the form that comes back: what lets somebody in does not, whichever field it was typed into. */
export function withoutSecrets({ method, target, host, headers, body }: TypedCall, hide: Hide): TypedCall {
  return {
    method: method && hide(method),
    target: target && hide(target.replace(IN_QUERY, (pair, start, name) => (SECRET.test(name) ? start : pair))),
    host: host && hide(host),
    headers: hide(headers.replace(IN_HEADERS, (line, name) => (SECRET.test(name) ? `${name} ` : line))),
    body: hide(body),
  };
}

/** Takes what lets somebody in out of whatever is shown, an upstream's answer among it. */
export type Hide = (text: string) => string;

/** @param token as it was typed; beside it there may be others among the headers and in the query. */
export function concealer({ target = '', headers }: TypedCall, token: string): Hide {
  const named = [...target.matchAll(IN_QUERY)].flatMap(([, , name = '', value = '']) =>
    SECRET.test(name) ? value : [],
  );
  const lines = [...headers.matchAll(IN_HEADERS)].flatMap(([, name = '', value = '']) =>
    SECRET.test(name) ? value : [],
  );
  // `Bearer …`, `Basic …`, `one=…; two=…`.
  const parts = lines.flatMap((value) => [
    value.trim(),
    ...value.split(/[\s;]+/).map((part) => part.replace(/^[^=]+=/, '')),
  ]);
  const secrets = [token, ...named, ...parts].filter((each) => each.length >= SHORTEST);
  const longestFirst = [...new Set(secrets)].sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}

/** Less than this lets nobody in, and stands in many a word. */
const SHORTEST = 8;
const HIDDEN = '[hidden]';
