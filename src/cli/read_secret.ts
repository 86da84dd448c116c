import { createInterface } from 'node:readline';
import { print, type Terminal, UsageError } from './command.ts';

/**
 * Reads one secret: from the terminal without echo, or the first line of standard input. Never from the arguments, which other
 * users of the machine and the shell's history can read.
 */
export async function readSecret(prompt: string, terminal: Terminal): Promise<string> {
  const secret = terminal.stdin.isTTY ? await fromTerminal(prompt, terminal) : await firstLine(terminal);
  if (secret === '') throw new UsageError('nothing was entered');
  return secret;
}

async function firstLine(terminal: Terminal): Promise<string> {
  for await (const line of createInterface({ input: terminal.stdin, crlfDelay: Number.POSITIVE_INFINITY })) return line;
  return '';
}

async function fromTerminal(prompt: string, terminal: Terminal): Promise<string> {
  terminal.stderr.write(`${prompt}: `);
  terminal.stdin.setRawMode?.(true);
  terminal.stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of terminal.stdin) {
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n' || character === '\u0004') return typed;
        if (character === '\u0003') throw new UsageError('cancelled');
        typed = character === '\u007f' || character === '\b' ? typed.slice(0, -1) : typed + character;
      }
    }
    return typed;
  } finally {
    terminal.stdin.setRawMode?.(false);
    print(terminal.stderr, '');
  }
}
