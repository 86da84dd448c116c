/** Everything that an operation can answer instead, as the `type` of RFC 9457 problem details. */
export type ProblemType =
  /** The input is not what the schema says; `fields` says where. */
  | 'invalid'
  /** The role of whoever asks is not enough. */
  | 'forbidden'
  | 'not_found'
  /** The id or the name is taken, or it was changed meanwhile. */
  | 'conflict'
  /** It stands in the configuration file, and can be changed there only. */
  | 'configured'
  /** This process cannot tell: no gateway runs in it. */
  | 'not_here';

export interface FieldProblem {
  /** The member of the input: `redirect_uris.0`. */
  readonly path: string;
  readonly message: string;
}

/** Why an operation was not done; nothing has changed. What it says is for whoever asked. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem';
  readonly type: ProblemType;
  readonly fields: readonly FieldProblem[];

  constructor(type: ProblemType, detail: string, fields: readonly FieldProblem[] = []) {
    super(detail);
    this.type = type;
    this.fields = fields;
  }
}

/** @param fields at least one. */
export function invalidFields(fields: readonly FieldProblem[]): AdminProblem {
  const names = [...new Set(fields.map(({ path }) => path))].filter((path) => path !== '').join(', ');
  return new AdminProblem('invalid', names === '' ? 'The input is not right.' : `Not right: ${names}.`, fields);
}

/** Somebody else was faster. */
export const conflict = (what: string) =>
  new AdminProblem(
    'conflict',
    `Somebody else has changed this ${what} meanwhile: read it again, and change what it is now.`,
  );
