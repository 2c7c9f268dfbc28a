/** Generates request bodies: valid, nearly valid, and random ones. */
import fc from '../harness/fast-check.ts'
import { anything, type Hints, valuesOf } from './from-schema.ts'
import { NAUGHTY } from './naughty.ts'

const naughty = fc.constantFrom(...NAUGHTY)

/** Removes a member, adds one, or gives one a value of any kind. */
const spoiling: fc.Arbitrary<(value: unknown) => unknown> = fc
  .tuple(
    fc.nat(),
    fc.oneof(naughty, fc.constantFrom('ip', 'port', 'customerId', 'domain', 'knownMailbox')),
    anything,
    fc.nat({ max: 3 }),
  )
  .map(([which, name, other, what]) => (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return other
    const members = Object.entries(value)
    const index = which % Math.max(1, members.length)
    if (what === 0) return Object.fromEntries(members.filter((_member, at) => at !== index))
    if (what === 1) return Object.fromEntries([...members, [name, other]])
    return Object.fromEntries(members.map(([key, old], at) => [key, at === index ? other : old]))
  })

/** Damages a JSON text as a proxy, a broken connection or a careless client would. */
const damaging: fc.Arbitrary<(text: string) => Buffer> = fc
  .tuple(fc.nat(), naughty, fc.nat({ max: 7 }))
  .map(([where, mark, what]) => (text: string) => {
    const at = where % (text.length + 1)
    switch (what) {
      case 0:
        return Buffer.from(text.slice(0, at))
      case 1:
        return Buffer.from(text.slice(0, at) + mark + text.slice(at))
      case 2:
        return Buffer.from(text + text)
      case 3:
        return Buffer.from(text, 'utf16le')
      case 4:
        return Buffer.concat([
          Buffer.from(text.slice(0, at)),
          Buffer.from([0xff, 0xc0, 0x80]),
          Buffer.from(text.slice(at)),
        ])
      case 5:
        return Buffer.from(text.replace('{', '{"ip":"127.0.0.1",'))
      case 6:
        return Buffer.from(`${'[{"ip":'.repeat(where % 1_300)}${text}`)
      default:
        return Buffer.from(`${text}${' '.repeat(where % 9_000)}`)
    }
  })

/** Generates bodies: as the schema describes, or with wrong members, or with damaged text, or random bytes. */
export function bodiesOf(schema: unknown, hints: Hints): fc.Arbitrary<Buffer> {
  const sound = valuesOf(schema, hints)
  const spoiled = fc
    .tuple(sound, fc.array(spoiling, { minLength: 1, maxLength: 3 }))
    .map(([value, spoilings]) => spoilings.reduce((before, spoil) => spoil(before), value))
  const text = fc
    .oneof({ arbitrary: sound, weight: 1 }, { arbitrary: spoiled, weight: 1 })
    .map((value) => JSON.stringify(value) ?? '')
  const whole = text.map((json) => Buffer.from(json))
  const damaged = fc.tuple(text, damaging).map(([json, damage]) => damage(json))
  const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
  return fc.oneof({ arbitrary: whole, weight: 8 }, { arbitrary: damaged, weight: 2 }, { arbitrary: noise, weight: 1 })
}
