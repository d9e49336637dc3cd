// Each view becomes one anywidget ES module with Preact inside: anywidget sends the whole
// module to the page once per widget, so every kilobyte counts (React alone is 46 KB gzipped).
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { minify } from 'terser';

const OUT = '../jupyter_crater/widgets/static';
const PANEL = '../jupyter_crater/labextension/static';
const LIMIT = 40 * 1024;

/** marked's lexer without what makes HTML of it, which one object at its end keeps from being dropped. */
const lexerOnly = {
  name: 'lexer-only',
  setup({ onLoad }) {
    onLoad({ filter: /marked\.esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source
        .replace(
          /;var \w+=new \w+;function \w+\(\w+,\w+\)\{return \w+\.parse\(.*(?=export\{)/s,
          ';'
        )
        .replace(/export\{.*\}/s, all => `export{${all.match(/\w+ as (Lexer|getDefaults)\b/g)}}`);
      if (contents.length > source.length - 500 || !/as Lexer.*as getDefaults/.test(contents)) {
        throw new Error('marked is built in another way now: see whether it can be cut still');
      }
      return { contents };
    });
  }
};

await rm(OUT, { recursive: true, force: true });
await build({
  entryPoints: {
    chat: 'src/widgets/chat.ts',
    jobs: 'src/widgets/jobs.ts',
    picker: 'src/widgets/picker.ts',
    calculator: 'src/widgets/calculator.ts',
    // Formulas, asked for by the first one that is seen.
    maths: 'src/widgets/maths.ts'
  },
  outdir: OUT,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'linked',
  jsx: 'transform',
  plugins: [lexerOnly],
  define: { 'process.env.NODE_ENV': '"production"' },
  alias: {
    react: 'preact/compat',
    'react-dom': 'preact/compat',
    'react-dom/client': 'preact/compat/client'
  }
});
// Dictionaries are asked for by the pages that speak the language: one module would hold them all.
// The panel's lie beside its modules, so jupyter-builder, whose folder that is, runs before.
await mkdir(PANEL, { recursive: true });
for (const [language, module] of [
  ['ja', 'ja'],
  ['zh-CN', 'zhCN']
]) {
  const { outputFiles } = await build({
    entryPoints: [`src/views/locale/${module}.ts`],
    bundle: true,
    format: 'esm',
    write: false
  });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  const { [module]: words } = await import(`data:text/javascript;base64,${source}`);
  for (const folder of [OUT, PANEL]) {
    await writeFile(`${folder}/words-${language}.json`, JSON.stringify(words));
  }
}
for (const view of ['chat', 'jobs', 'picker', 'calculator', 'maths']) {
  // A kilobyte less than esbuild alone, of each.
  const { code } = await minify(readFileSync(`${OUT}/${view}.js`, 'utf8'), {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
    format: { comments: /^!/ }
  });
  await writeFile(`${OUT}/${view}.js`, code);
  const size = gzipSync(readFileSync(`${OUT}/${view}.js`), { level: 9 }).length;
  console.log(`${view}.js ${(size / 1024).toFixed(1)} KB gzipped`);
  if (view !== 'maths' && size > LIMIT) {
    throw new Error(`${view}.js is over ${LIMIT / 1024} KB gzipped`);
  }
}
