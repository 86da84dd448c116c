import { writeFile } from 'node:fs/promises';
import { variants } from '../../src/compose.ts';
import { jsonSchema } from '../../src/config/json_schema.ts';
import { configurationPage } from './configuration_page.ts';

/** Writes docs/configuration.md: `npm run docs`, after a change of the configuration. */
await writeFile('docs/configuration.md', configurationPage(jsonSchema(variants)));
