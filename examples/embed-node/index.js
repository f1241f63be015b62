// node index.js COMPONENT SOURCE TARGET
//
// Runs the registry component: pulls SOURCE, and pushes what it leads to as TARGET. What
// the component imports is in imports.js, and WASI is that of jco.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '@bytecodealliance/jco-transpile';

const [component, source, target] = process.argv.slice(2);
if (target === undefined) {
  console.error('usage: node index.js COMPONENT SOURCE TARGET');
  process.exit(2);
}

const here = fileURLToPath(new URL('./transpiled', import.meta.url));
const calls = ['pull', 'push'].map((name) => `wharf:oci/client@0.1.0#${name}`);
const { files } = await transpile(component, {
  name: 'registry',
  outDir: here,
  // Functions that wait are promises, by way of JSPI: Node 24 has it.
  asyncMode: 'jspi',
  asyncExports: calls,
  map: { 'wharf:oci/*': '../imports.js#*' },
  emitTypescriptDeclarations: false,
});
for (const [file, content] of Object.entries(files)) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
const { client } = await import('./transpiled/registry.js');

function options() {
  const options = new client.Options();
  // In plain HTTP where the registry is on this machine.
  options.setTransport('http-or-https');
  return options;
}

try {
  const pulled = await client.pull(source, options());
  const pushed = await client.push(pulled.manifest.digest, target, options());
  console.log(pushed.manifest.digest);
  process.exit(0);
} catch (error) {
  console.error('error:', error.payload ?? error);
  process.exit(1);
}
