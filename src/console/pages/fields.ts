import { ProtocolError } from '../../model/failure.ts';
import type { Pair } from '../../model/wire.ts';

/** What stands in a query or was typed into a form. */
export interface Fields {
  /** Without spaces around it; undefined when it is empty or not there. @throws ProtocolError when it was sent twice. */
  text(name: string): string | undefined;
  /** As it was typed, for passwords; empty when it is not there. @throws ProtocolError when it was sent twice. */
  exact(name: string): string;
  /** As `text`. @throws ProtocolError when it is not there: a link or a form of ours always has it. */
  needed(name: string): string;
  /** The boxes that were ticked. */
  all(name: string): readonly string[];
  isTicked(name: string): boolean;
}

export function fieldsOf(pairs: readonly Pair[]): Fields {
  const all = (name: string): readonly string[] => pairs.filter(([key]) => key === name).map(([, value]) => value);

  function exact(name: string): string {
    const values = all(name);
    if (values.length > 1) throw new ProtocolError('invalid_request', `"${name}" was sent more than once.`);
    return values[0] ?? '';
  }
  const text = (name: string): string | undefined => exact(name).trim() || undefined;

  return {
    all,
    exact,
    text,
    needed(name) {
      const value = exact(name);
      if (value === '') throw new ProtocolError('invalid_request', `"${name}" is missing: begin at the list.`);
      return value;
    },
    isTicked: (name) => exact(name) !== '',
  };
}
