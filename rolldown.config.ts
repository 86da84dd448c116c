import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';

/**
 * What `npm run build` makes of `src/`: the command line and the middleware, with the dependencies inside. A thousand small files
 * take longer to find and read than to run: without the dependencies in it, a start takes half as long again.
 */
export default defineConfig({
  input: {
    main: 'src/main.ts',
    index: 'src/index.ts',
    // A thread's code, beside the part that starts it.
    'parts/password_bcrypt_worker': 'src/connections/password_bcrypt_worker.ts',
  },
  platform: 'node',
  // Optional: the operator's own installation is used, or none.
  external: /^node:|^@opentelemetry\/(?!api$)/,
  output: {
    dir: 'dist',
    format: 'esm',
    // Names of errors are part of the log, and frames have to say which function it was.
    minify: false,
    keepNames: true,
    sourcemap: true,
    chunkFileNames: 'parts/[name].js',
  },
  // Of a dependency that would trace its deprecated functions; nothing that we call reaches it.
  checks: { eval: false },
  plugins: [texts(), licences()],
});

/** Files for browsers are read when the sources run; here their text becomes a part of the code that reads them. */
function texts(): Plugin {
  const call = /\breadText\(import\.meta\.url, '([^']+)'\)/g;
  const mark = '?text';
  return {
    name: 'texts',
    transform(code) {
      const files = [...code.matchAll(call)].map(([, file = '']) => file);
      if (files.length === 0) return null;
      const imports = files.map((file, index) => `import text${index} from '${file}${mark}';`);
      let index = 0;
      return {
        code: `${imports.join('\n')}\n${code.replace(call, () => `text${index++}`)}`,
        moduleType: 'ts',
        map: null,
      };
    },
    resolveId: (id, importer) =>
      id.endsWith(mark) && importer !== undefined
        ? createRequire(importer).resolve(id.slice(0, -mark.length)) + mark
        : null,
    load: (id) =>
      id.endsWith(mark)
        ? {
            code: `export default ${JSON.stringify(readFileSync(id.slice(0, -mark.length), 'utf8'))};`,
            moduleType: 'js',
          }
        : null,
  };
}

/** Their licences want to go wherever the dependencies go: one file with all of them, beside the code. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const packages = new Set(modules.flatMap((id) => packageOf(id) ?? []));
      this.emitFile({
        type: 'asset',
        fileName: 'licences.txt',
        source: [...packages].sort().map(licenceOf).join('\n\n'),
      });
    },
  };
}

/** @returns the folder of the package that a module belongs to; undefined for our own. */
function packageOf(module: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0];
}

function licenceOf(folder: string): string {
  // Every package has a manifest with these three.
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const heading = `${manifest['name']} ${manifest['version']} (${manifest['license']})`;
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined ? heading : `${heading}\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
}
