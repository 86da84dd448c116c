import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operations } from '../../src/admin/operations.ts';
import { AUDIT_ACTIONS } from '../../src/model/audit_actions.ts';

it('lists every action that is written down anywhere, each once, and no other', () => {
  const source = globSync(['src/*.ts', 'src/{account,admin,console,oauth,stores}/**/*.ts']).map((file) =>
    readFileSync(file, 'utf8'),
  );
  const literal = source.flatMap((text) => [...text.matchAll(/(?:action: |actor, |inVain\()'([a-z]+\.[a-z_]+)'/g)]);
  const written = [
    ...operations.filter(({ audit }) => audit).map(({ id }) => id),
    ...literal.map(([, action]) => action),
  ];
  const listed = new Set(written);
  // Both are made of a door and what happened there.
  listed.add('console.sign_in');
  expect([...AUDIT_ACTIONS].sort()).toEqual([...listed].sort());
});
