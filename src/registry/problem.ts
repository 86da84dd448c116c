/** Why the registry did not change anything. */
export type RegistryReason =
  /** The id or the name is somebody else's. */
  | 'taken'
  | 'not_found'
  /** It stands in the configuration file, and can be changed there only. */
  | 'configured'
  /** Somebody else changed it meanwhile. */
  | 'changed'
  /** What was asked for makes no sense for this one. */
  | 'unfit';

export class RegistryProblem extends Error {
  override readonly name = 'RegistryProblem';
  readonly reason: RegistryReason;
  /** Which of the given fields it is about. */
  readonly field?: 'id' | 'username' | undefined;

  /** @param message what was wrong and what would be right, for whoever asked. */
  constructor(reason: RegistryReason, message: string, field?: 'id' | 'username') {
    super(message);
    this.reason = reason;
    this.field = field;
  }
}
