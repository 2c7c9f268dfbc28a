/** The network policies let through what the service needs, and nothing else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { addressOf, parseAddress } from '../../src/ip/address.ts'
import { contains, overlaps, type Prefix, parsePrefix } from '../../src/ip/prefix.ts'
import { overlappingSpecials, specialRange } from '../../src/ip/special.ts'
import { everything } from './folders.ts'
import { networkPolicy, Rendered } from './objects.ts'
import { withKubectl } from './render.ts'

function prefixOf(text: string): Prefix {
  const parsed = parsePrefix(text)
  assert.ok(parsed.ok, text)
  return parsed.prefix
}

/** The rule that lets tests out: the one whose blocks have exceptions. */
async function testRule() {
  const { spec } = (await Rendered.of('base')).one('NetworkPolicy', 'relay-tests', networkPolicy)
  const rules = spec.egress.filter(({ to }) => to.some(({ ipBlock }) => ipBlock?.except.length))
  assert.equal(rules.length, 1)
  return {
    ports: rules[0]?.ports ?? [],
    blocks: (rules[0]?.to ?? []).map(({ ipBlock }) => {
      assert.ok(ipBlock)
      return { within: prefixOf(ipBlock.cidr), except: ipBlock.except.map(prefixOf) }
    }),
  }
}

describe('the network policies', withKubectl, () => {
  test('let tests out on the ports that may be tested', async () => {
    const { ALLOWED_PORTS } = readConfig((await Rendered.of('base')).settings())
    assert.deepEqual(
      (await testRule()).ports,
      ALLOWED_PORTS.map((port) => ({ protocol: 'TCP', port })),
    )
  })

  test('let tests into no special-purpose range, and into everything else', async () => {
    const { blocks } = await testRule()
    const isOpen = (text: string): boolean => {
      const address = parseAddress(text)
      assert.ok(address, text)
      return blocks.some(
        ({ within, except }) => contains(within, address) && !except.some((prefix) => contains(prefix, address)),
      )
    }
    const specials = ['0.0.0.0/0', '::/0'].flatMap((text) => overlappingSpecials(prefixOf(text)))
    assert.ok(specials.length > 40)
    for (const { text } of specials) {
      const special = prefixOf(text)
      const covered = blocks.every(
        ({ within, except }) =>
          !overlaps(within, special) ||
          except.some(({ first, last }) => first <= special.first && special.last <= last),
      )
      assert.ok(covered, text)
    }
    for (const { except } of blocks) {
      for (const { family, first, text } of except) assert.ok(specialRange(addressOf(family, first)), text)
    }
    for (const text of ['8.8.8.8', '1.1.1.1', '100.63.255.255', '172.32.0.1', '198.20.0.1', '223.255.255.255']) {
      assert.equal(isOpen(text), true, text)
    }
    for (const text of ['2606:4700::1111', '2a00:1450::1', '2001:200::1', '2003::1'])
      assert.equal(isOpen(text), true, text)
    for (const text of ['10.1.2.3', '169.254.169.254', '::1', 'fd00::1', '4000::1', '2001:db8::1', '2002::1']) {
      assert.equal(isOpen(text), false, text)
    }
  })

  test('let pods out for tests, names, Redis and proxies, and for nothing else', async (t) => {
    const portsIn = async (folder: string) =>
      (await Rendered.of(folder))
        .every('NetworkPolicy')
        .flatMap((object) => networkPolicy.parse(object).spec.egress)
        .map(({ ports }) => ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', '))
        .sort()
    assert.deepEqual(await portsIn('base'), ['TCP 25', 'UDP 53, TCP 53'])
    assert.deepEqual(await portsIn('overlays/single'), ['TCP 25', 'UDP 53, TCP 53'])
    assert.deepEqual(await portsIn('overlays/production'), ['TCP 25', 'TCP 6379', 'UDP 53, TCP 53'])
    assert.deepEqual(await portsIn(everything(t)), ['TCP 1080', 'TCP 25', 'TCP 6379', 'UDP 53, TCP 53'])
  })
})
