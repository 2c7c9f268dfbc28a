import { startExim } from './exim.ts'
import { openNetwork } from './network.ts'
import { startPostfix } from './postfix.ts'

const n = await openNetwork()
for (const start of [startPostfix, startExim]) {
  const a = performance.now()
  const s = await start(n, {})
  console.log(start.name, performance.now() - a)
  await s.stop()
}
if (process.argv[2]) {
  await startPostfix(n)
  console.log('up')
  await new Promise(() => setInterval(() => {}, 1000))
}
await n.close()
