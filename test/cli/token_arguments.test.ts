import { expect, it } from 'vitest';
import { runCommand } from '../support/command_run.ts';

// Threat: a token on the command line stands in the list of processes and in the shell's history.
it.each(['inspect', 'revoke'])('token %s takes no token as an argument, and does not repeat it', async (action) => {
  const { code, output, errors } = await runCommand(['token', action, 'gha_a-token-that-was-pasted']);
  expect(code).toBe(2);
  expect(errors).toContain('standard input');
  expect(output + errors).not.toContain('pasted');
});
