import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

/**
 * Secrets that must be nowhere, and the search for them: as they are, and as programs write bytes down. A text is looked at as it
 * stands, without its escapes (JSON, JavaScript, HTML, percent), and with its lines joined; in each of these a secret is looked for as
 * it was sent, in base64 wherever it begins in it, in hex and as numbers. Upper and lower case are one.
 */
export class SecretSearch {
  /** By what they are: the secret, and how it could be written. */
  readonly #secrets = new Map<string, readonly string[]>();
  readonly #known = new Map<string, string>();

  get size(): number {
    return this.#secrets.size;
  }

  /** Invents a secret of a kind, and looks for it from now on. */
  canary(kind: string): string {
    return this.remember(kind, `canary-${randomBytes(16).toString('hex')}`);
  }

  /** Looks for this from now on. @throws Error for what is too short to be found by anything but chance. */
  remember(kind: string, secret: unknown): string {
    if (typeof secret !== 'string' || secret.length < 8) throw new Error(`there is no ${kind}: ${String(secret)}`);
    this.#secrets.set(kind, spellingsOf(secret));
    this.#known.set(kind, secret);
    return secret;
  }

  /** The kinds of the secrets that the text holds. */
  in(text: string): string[] {
    const views = viewsOf(text);
    return [...this.#secrets]
      .filter(([, spellings]) => views.some((view) => spellings.some((each) => view.includes(each))))
      .map(([kind]) => kind);
  }

  /** The kinds of those that the text holds as they are: for texts of many megabytes. @param pattern what they look like. */
  asTheyAreIn(text: string, pattern: RegExp): string[] {
    const there = new Set(text.match(pattern));
    return [...this.#known].filter(([, secret]) => there.has(secret)).map(([kind]) => kind);
  }
}

function spellingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const form = encodeURIComponent(secret).replaceAll('%20', '+');
  const hex = bytes.toString('hex').match(/../g) ?? [];
  const spellings = [
    // Files and connections are read byte by byte.
    ...[secret, secret.replaceAll(' ', '+'), bytes.toString('latin1')],
    ...[secret, encodeURIComponent(secret), form].flatMap(inBase64),
    ...['', ' ', ':'].map((between) => hex.join(between)),
    ...[',', ', '].map((between) => [...bytes].join(between)),
  ];
  // Without its spaces it is looked for on joined lines, which have none.
  return [...new Set(spellings.flatMap((each) => [each, each.replace(/\s/g, '')]).map((each) => each.toLowerCase()))];
}

/** What stands before it moves it to one of three places in the groups of base64; the characters at its ends are shared. */
function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    const own = [Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6)] as const;
    return [shifted.toString('base64').slice(...own), shifted.toString('base64url').slice(...own)];
  });
}

function viewsOf(text: string): string[] {
  // A text in JSON is a text in JSON in a log of lines of JSON; and what is in a query is encoded once more in a Location.
  const plain = unescaped(unescaped(text));
  const decoded = unpercented(unpercented(plain));
  const views = [text, plain, decoded, joined(plain), joined(decoded)];
  return [...new Set(views.map((view) => view.toLowerCase()))];
}

const NAMED: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '/': '/', '\\': '\\' },
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" },
};
const character = (code: number): string => (code <= 0x10_ff_ff ? String.fromCodePoint(code) : '');

function unescaped(text: string): string {
  return text
    .replace(/\\(?:(?:u\{?([0-9a-f]{4,6})\}?|x([0-9a-f]{2}))|([nrt"'/\\]))/gi, (_, long, short, name) =>
      name === undefined ? character(Number.parseInt(long ?? short, 16)) : (NAMED[name.toLowerCase()] ?? name),
    )
    .replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (_, hex, decimal, name) =>
      name === undefined
        ? character(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
        : (NAMED[name.toLowerCase()] ?? ''),
    );
}

function unpercented(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** As whoever folds lines would unfold them: indented, in quotes, with a sign at the end that it goes on. */
function joined(text: string): string {
  return text.replace(/['"]?[ \t]*[+\\=]?\r?\n[ \t]*['"]?/g, '').replace(/\s/g, '');
}
