/** fast-check with the seed of this run, so that `npm test` always tries the same cases. */
import fc from 'fast-check'
import { SEED } from './mass.ts'

fc.configureGlobal({ seed: SEED })

export default fc
