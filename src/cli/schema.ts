import { variants } from '../compose.ts';
import { jsonSchema } from '../config/json_schema.ts';
import { policySchema } from '../config/policy.ts';
import { type Command, print } from './command.ts';
import { readArguments } from './config_option.ts';

/** Prints the JSON Schema of the YAML, made from the same definition that validates it. */
export const schema: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of the configuration',
  usage: `gatehouse schema [--policy]

Prints the JSON Schema of the YAML, for editors (also at config/gatehouse.schema.json); with --policy, that of policy files
(config/policy.schema.json).`,
  async run(args, terminal) {
    const { values } = readArguments(args, { policy: { type: 'boolean', default: false } });
    print(terminal.stdout, JSON.stringify(values.policy ? policySchema() : jsonSchema(variants), null, 2));
    return 0;
  },
};
