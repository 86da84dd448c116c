import { mkdir, writeFile } from 'node:fs/promises';
import { operations } from '../../src/admin/operations.ts';
import { describeApi } from '../../src/console/api/openapi.ts';

/** Writes the description of the API where the documentation has it. */
await mkdir('docs/api', { recursive: true });
await writeFile('docs/api/openapi.json', `${JSON.stringify(describeApi(operations), undefined, 2)}\n`);
