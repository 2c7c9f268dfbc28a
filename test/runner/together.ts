/**
 * Runs several test files in one process, which loads the code that they share only once. The arguments are their
 * paths. All files are loaded before the first test begins.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const imports = process.argv.slice(2).map((path) => `import ${JSON.stringify(pathToFileURL(resolve(path)).href)}`)
await import(`data:text/javascript,${encodeURIComponent(imports.join('\n'))}`)
