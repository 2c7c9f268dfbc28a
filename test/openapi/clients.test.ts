/** Clients that others generate from openapi.json compile strictly and work: the examples of docs/api.md as printed. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { documentOf, examplesIn, patternOf } from '../harness/documents.ts'
import { runProgram } from '../harness/process.ts'
import { startSandbox } from '../harness/sandbox.ts'
import { ROOT } from '../harness/service.ts'

const MODULES = join(ROOT, 'node_modules')

/** The settings of a careful caller. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
}

test('clients of openapi-typescript and @hey-api/openapi-ts compile strictly and run against the sandbox', async (t) => {
  // Below the project, so that the generated code finds the packages that it imports.
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.cache/clients-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { env: access } = await startSandbox(t)
  const older = pathToFileURL(join(ROOT, 'test/openapi/typescript-5.js'))
  const env = { ...access, PATH: `${join(MODULES, '.bin')}:${process.env.PATH}`, NODE_OPTIONS: `--import=${older}` }
  const [commands, ...programs] = examplesIn(documentOf('docs/api.md'), 'sh', 'ts')
  assert.ok(commands && programs.length === 2)

  const script = commands.text.replaceAll('npx @hey-api/', 'npx ').replaceAll('npx ', '')
  const generated = await runProgram('sh', ['-ec', `cd '${folder}'\n${script}`], env)
  assert.equal(generated.code, 0, generated.stdout + generated.stderr)

  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  for (const [index, { text }] of programs.entries()) writeFileSync(join(folder, `program-${index}.ts`), text)
  const compiled = await runProgram(process.execPath, [join(MODULES, 'typescript/bin/tsc'), '-p', folder])
  assert.equal(compiled.stdout, '')

  await Promise.all(
    programs.map(async ({ text, prints }, index) => {
      const program = ['--import', import.meta.resolve('tsx'), join(folder, `program-${index}.ts`)]
      const { stdout, stderr } = await runProgram(process.execPath, program, access)
      assert.equal(stderr, '', text)
      assert.match(stdout, patternOf(prints ?? assert.fail(text)), text)
    }),
  )
})
