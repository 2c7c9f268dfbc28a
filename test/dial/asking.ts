/** Sends many test requests to the built service at once, and returns each answer. */
import { Agent, request } from 'node:http'
import { z } from 'zod'
import type { Case } from './cases.ts'
import { CALLERS } from './installation.ts'

/** An answer of the service: its status, and the tested address or the slug of the problem. */
export interface Answer {
  readonly status: number
  readonly ip: string | null
  readonly problem: string | null
}

const answer = z.object({ ip: z.string().optional(), type: z.string().optional() })

const LANES = 24

const keys = new Map(CALLERS.map(({ id, key }) => [id, key]))

/**
 * Sends requests over keep-alive connections, many at a time. Requests with the same lane are sent one after the other,
 * because an address can have only one test at a time.
 */
export async function askAll(
  url: string,
  cases: readonly Case[],
  laneOf: (index: number) => number,
  asked: (done: number) => void,
): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES })
  const answers: Answer[] = []
  let done = 0
  const lanes = Array.from({ length: LANES }, (): number[] => [])
  for (const index of cases.keys()) lanes[laneOf(index) % LANES]?.push(index)
  await Promise.all(
    lanes.map(async (lane) => {
      for (const index of lane) {
        const one = cases[index]
        if (one) answers[index] = await ask(agent, url, one)
        done += 1
        asked(done)
      }
    }),
  )
  agent.destroy()
  return answers
}

function ask(agent: Agent, url: string, { caller, body }: Case): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${keys.get(caller)}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/relay-tests`, { agent, method: 'POST', headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const { ip = null, type = null } = answer.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
        resolve({ status: incoming.statusCode ?? 0, ip, problem: type?.split(':').at(-1) ?? null })
      })
    })
    outgoing.on('error', reject).end(body)
  })
}
