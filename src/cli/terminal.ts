/** Writes to standard output and standard error, and knows whether a person reads them. */
import type { View } from '../render/formats/format.ts'

/** Whether standard output gets colours: only a terminal does, and only if NO_COLOR is not set. */
export const isColoured = (): boolean => process.stdout.isTTY && (process.env.NO_COLOR ?? '') === ''

/** How a reader sees what goes to standard output. */
export const terminalView = (): View => ({ coloured: isColoured(), width: process.stdout.columns || null })

export const write = (text: string): boolean => process.stdout.write(text)

export const say = (text: string): boolean => write(`${text}\n`)

/** Says something that is no result, on standard error. */
export const complain = (text: string): boolean => process.stderr.write(`relay-test: ${text}\n`)
