/** Tests one target and shows its session live, or shows a test that was made earlier. */
import {
  isFinished,
  type NewRelayTest,
  type RelayTest,
  type RelayTestClient,
  type SessionLine,
} from '../client/client.ts'
import { LiveOrder } from '../render/live-order.ts'
import { countsOf } from '../render/row.ts'
import { placeInLine, renderLine, renderOutcome, renderTest } from '../render/session.ts'
import { type Ending, exitCodeOf, lineFor } from './ending.ts'
import { lookUp } from './lookup.ts'
import type { TestOptions } from './options.ts'
import { complain, isColoured, say } from './terminal.ts'

export interface OneTarget {
  readonly target: string
  readonly test: TestOptions
  readonly json: boolean
}

/** Tests an address, or each address of a name, one after the other. Returns the exit code. */
export async function testTarget(client: RelayTestClient, { target, test, json }: OneTarget): Promise<number> {
  const { requests, skipped } = await lookUp(target, client)
  for (const reason of skipped) complain(`skipped: ${reason}`)
  const endings: Ending[] = []
  for (const request of requests) {
    const whole = { ...request, ...test }
    const ended = json ? client.create(whole).then(printJson) : showLive(client, whole)
    // The other addresses of the name are tested even if this one cannot be.
    endings.push(await ended.catch(failed))
  }
  if (endings.length > 1 && !json) say(`${target}: ${endings.length} addresses: ${countsOf(endings)}`)
  return exitCodeOf(endings)
}

function failed(error: unknown): Ending {
  complain(lineFor(error))
  return 'error'
}

/** Shows a test that was made earlier. Follows it if it still runs. Returns the exit code. */
export async function showTest(client: RelayTestClient, id: string, json: boolean): Promise<number> {
  if (json) return exitCodeOf([printJson(await client.wait(id))])
  const test = await client.get(id)
  if (!isFinished(test)) return exitCodeOf([await showLive(client, id)])
  say(renderTest(test, isColoured()).trimEnd())
  return exitCodeOf([test.verdict])
}

function printJson(result: RelayTest): Ending {
  say(JSON.stringify(result))
  return result.verdict ?? 'error'
}

/** Shows a session while it happens, then its result. */
async function showLive(client: RelayTestClient, test: NewRelayTest | string): Promise<Ending> {
  const coloured = isColoured()
  const session = new LiveOrder()
  let connection = 1
  const show = (line: SessionLine) => {
    if (line.connection !== connection) {
      connection = line.connection
      const from = line.vantage ? `, from ${line.vantage}` : ''
      say(renderLine({ from: 'event', line: `connection ${connection}${from}` }, coloured))
    }
    say(renderLine(line, coloured))
  }
  for await (const event of client.follow(test)) {
    if (event.event === 'waiting') {
      say(renderLine({ from: 'event', line: `waiting for a slot: ${placeInLine(event.data.position)}` }, coloured))
    }
    if (event.event === 'line') session.next(event.data).forEach(show)
    if (event.event !== 'verdict') continue
    session.rest().forEach(show)
    say(`\n${renderOutcome(event.data, coloured)}`)
    return event.data.verdict
  }
  return 'error'
}
