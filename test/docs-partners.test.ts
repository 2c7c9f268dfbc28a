/** The commands of docs/partners.md work as they are written. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { SANDBOX_ADDRESSES } from '../src/access/sandbox.ts'
import { PROBLEMS } from '../src/contract/problems.ts'
import { documentOf, examplesIn, installed, patternOf, rowsBelow } from './harness/documents.ts'
import { problemIn, resultOf } from './harness/http.ts'
import { runProgram } from './harness/process.ts'
import { startSandbox } from './harness/sandbox.ts'

const DOCUMENT = documentOf('docs/partners.md')

test('every example for partners prints what the document says', async (t) => {
  const { env } = await startSandbox(t)
  for (const [index, { language, text, prints }] of examplesIn(DOCUMENT, 'sh', 'ts').entries()) {
    assert.ok(prints, text)
    const name = `example-${index}.${language}`
    const file = join(installed(t, { [name]: text }), name)
    const command = language === 'sh' ? ['sh', file] : [process.execPath, '--import', import.meta.resolve('tsx'), file]
    const [program = '', ...args] = command
    const { code, stdout, stderr } = await runProgram(program, args, env)
    assert.deepEqual([code, stderr], [0, ''], text)
    assert.match(stdout, patternOf(prints), text)
  }
})

test('every address of the sandbox gives the result in the document for partners', async (t) => {
  const service = await startSandbox(t)
  const rows = rowsBelow(DOCUMENT, 'Sandbox').slice(0, -1)
  assert.deepEqual(
    rows.map(([ip]) => ip),
    SANDBOX_ADDRESSES,
  )
  await Promise.all(
    rows.map(async ([ip = '', outcome = '']) => {
      const [verdict = '', detail] = outcome.split(/[,;(]/).map((part) => part.trim())
      const response = await service.post({ ip })
      if (verdict === '429') return assert.equal((await problemIn(response, 'quota-exceeded')).status, 429)
      const { verdict: found, reason, cause } = await resultOf(response)
      assert.equal(found, verdict, ip)
      if (verdict !== 'closed') assert.equal(reason ?? cause, detail, ip)
    }),
  )
})

test('the document for partners lists every problem and no other, with its status', () => {
  assert.deepEqual(
    rowsBelow(DOCUMENT, 'Errors').map(([slug, status]) => [slug, Number(status)]),
    Object.entries(PROBLEMS)
      .map(([slug, { status }]) => [slug, status] as const)
      .sort(([, a], [, b]) => a - b),
  )
})
