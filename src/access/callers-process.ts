/** The program that `loadCallers` starts to read large callers files. */
import { printRows } from '../files/elsewhere.ts'
import { readCallers } from './callers-file.ts'

printRows(readCallers)
