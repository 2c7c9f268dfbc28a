/**
 * Gives the generators of clients TypeScript 5: they use its programming interface, which TypeScript 7 does not have.
 * It comes from a package that installs no command `tsc` in place of ours.
 */
import { register } from 'node:module'

const hook = `
const OLDER = '@ts-morph/common/dist/typescript.js'
export const resolve = (name, context, next) => next(name === 'typescript' ? OLDER : name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
