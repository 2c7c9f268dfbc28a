/** Reads commands and examples out of README and docs, to run them as they are printed. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { folderOf } from './files.ts'
import { ROOT } from './service.ts'

/** A command or program in a document, with the output that the document shows. */
export interface Example {
  readonly language: string
  readonly text: string
  /** `…` stands for any text. Null if the document shows no output. */
  readonly prints: string | null
}

export const documentOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/**
 * Returns the examples of a document that tests run: the blocks in these languages, each with the plain block that
 * directly follows it.
 */
export function examplesIn(document: string, ...languages: string[]): Example[] {
  const blocks = [...document.matchAll(/^```(\w*)\n(.*?)^```\n(?:^```\n(.*?)^```$)?/gms)]
  return blocks
    .map(([, language = '', text = '', prints]) => ({ language, text, prints: prints ?? null }))
    .filter(({ language }) => languages.includes(language))
}

/** Returns the pattern that the output of an example must match. */
export function patternOf(prints: string): RegExp {
  const parts = prints.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*?')}$`)
}

/** Returns the rows of the table below a heading, without the table head and without backticks. */
export function rowsBelow(document: string, heading: string): string[][] {
  const [, section = ''] = new RegExp(`^#+ ${heading}$(.*?)(?=^#|(?![^]))`, 'ms').exec(document) ?? []
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
  return rows.slice(2).map((row) => row.map((cell) => cell.replaceAll('`', '').trim()))
}

/** Makes a folder with these files, in which the client's package is installed as at a partner's. */
export function installed(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = folderOf(t, { 'package.json': '{"type": "module"}', ...files })
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(join(ROOT, 'dist/client-package'), join(folder, 'node_modules/relay-tests'))
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
  return folder
}
