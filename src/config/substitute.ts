export type Environment = Readonly<Record<string, string | undefined>>;

/** `whole`: the text is one `${…}` and nothing else, so that its value may be read as a number or boolean. */
export type Substitution =
  | { readonly ok: true; readonly text: string; readonly whole: boolean }
  | { readonly ok: false; readonly problem: string };

/** `$${` (a literal `${`), or `${` with everything up to the next `}`, which may be missing. */
const MARK = /\$\$\{|\$\{([^}]*)(\}?)/g;
const BODY = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Puts variables into a text: `${NAME}`, and `${NAME:-default}` when unset or empty; `$${` stands for `${` itself. What was put in
 * is not looked at again, so a variable cannot name another one.
 */
export function substitute(text: string, env: Environment): Substitution {
  let problem: string | undefined;
  const result = text.replace(MARK, (mark, body: string | undefined, end: string) => {
    if (mark === '$${') return '${';
    const [, name, fallback] = BODY.exec(body ?? '') ?? [];
    if (end === '' || name === undefined) {
      problem ??= `has a \${ that is not \${NAME} or \${NAME:-default}: correct it, or write $\${ for a literal \${`;
      return '';
    }
    // Own properties only: a variable called `constructor` must not find what every object has.
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) {
      problem ??= `needs the environment variable ${name}, which is not set: set it, or write \${${name}:-default}`;
    }
    return value ?? '';
  });
  if (problem !== undefined) return { ok: false, problem };
  return { ok: true, text: result, whole: /^\$\{[^}]*\}$/.test(text) };
}

/** Reads a substituted text as the number or boolean it looks like. Only what writes back to the same text counts as a number. */
export function scalarFrom(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (!/^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return text;
  return String(Number(text)) === text ? Number(text) : text;
}
