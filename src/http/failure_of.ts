import { CorruptRecord, DependencyUnavailable, type Failure, ProtocolError } from '../model/failure.ts';
import { seconds } from '../model/units.ts';

/** Where this room tells an operator of troubles that a status code does not explain. */
export type Trouble = (
  level: 'warn' | 'error',
  event: string,
  detail: Readonly<Record<string, string | readonly string[] | undefined>>,
) => void;

/**
 * What the caller is told of whatever was thrown. Everything that is not meant for callers becomes a generic text, and a line in
 * the log with the request's id.
 */
export function failureOf(error: unknown, requestId: string, trouble: Trouble): Failure {
  if (error instanceof ProtocolError) return error.failure;
  if (error instanceof DependencyUnavailable) {
    const { dependency, message } = error;
    trouble('warn', 'dependency_unavailable', { request_id: requestId, dependency, reason: message });
    return unavailable('A server that is needed for this does not answer. Try again in a moment.');
  }
  if (error instanceof CorruptRecord) {
    trouble('error', 'corrupt_record', { request_id: requestId, reason: error.message });
    return unavailable(
      'The stored state of this request cannot be read. Start again, or tell the operator the request id.',
    );
  }
  trouble('error', 'unexpected_error', { request_id: requestId, ...describe(error) });
  return { code: 'server_error', description: 'Something unexpected happened. Tell the operator the request id.' };
}

function unavailable(description: string): Failure {
  return { code: 'temporarily_unavailable', description, retryAfter: seconds(1) };
}

/** The class, the code and the frames of an error, without its message: that may quote what it choked on, and that may be a secret. */
export function describe(error: unknown): {
  readonly error: string;
  readonly code?: string;
  readonly stack?: string[];
} {
  if (!(error instanceof Error)) return { error: typeof error };
  const stack = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { error: error.name, ...code, stack: stack.map((line) => line.trim()) };
}
