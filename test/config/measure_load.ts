import { loadConfig } from '../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';
import { variants } from './stand_ins.ts';

// A process of its own for each measurement: loads the file it is given and says what that cost and what came out.
const [file = ''] = process.argv.slice(2);
// The first use compiles the schemas; the measured one is what a reload would cost.
await loadConfig(file.replace(/[^/]*$/, 'warm_up.yaml'), { env: {}, variants }).catch(() => {});
const before = process.resourceUsage().maxRSS;
const start = performance.now();
const problems = await loadConfig(file, { env: {}, variants }).then(
  () => [],
  (error: unknown) => (error instanceof ConfigError ? error.problems.map(formatProblem) : [`thrown: ${error}`]),
);
const took = performance.now() - start;
const grown = (process.resourceUsage().maxRSS - before) * 1024;
process.stdout.write(JSON.stringify({ took, grown, problems }));
