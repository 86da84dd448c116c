import { variants } from '../compose.ts';
import { jsonSchema } from '../config/json_schema.ts';
import { type Command, print } from './command.ts';
import { readArguments } from './config_option.ts';

/** Prints the JSON Schema of the YAML, made from the same definition that validates it. */
export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of the configuration',
  usage: `gatehouse schema

Prints the JSON Schema of the YAML, for editors (also at config/gatehouse.schema.json).`,
  async run(args, terminal) {
    readArguments(args, {});
    print(terminal.stdout, JSON.stringify(jsonSchema(variants), null, 2));
    return 0;
  },
};
