import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oncePerNames } from '../../src/relay/once.ts'

test('a thing is worked out once for the same names, anew for others, and for each subject by itself', () => {
  const asked: string[] = []
  const told = oncePerNames((subject: { readonly id: string }, names) => {
    asked.push(`${subject.id} ${names.join()}`)
    return asked.length
  })
  const [a, b] = [{ id: 'a' }, { id: 'b' }]
  assert.deepEqual([told(a, ['x', 'y']), told(a, ['x', 'y']), told(b, ['x', 'y'])], [1, 1, 2])
  assert.deepEqual([told(a, ['x']), told(a, ['x', 'z']), told(a, ['x', 'y'])], [3, 4, 5])
  assert.deepEqual(asked, ['a x,y', 'b x,y', 'a x', 'a x,z', 'a x,y'])
})
