/** The program that `loadCustomers` starts to read large customers files. */
import { printRows } from '../files/elsewhere.ts'
import { readCustomers } from './customers-file.ts'

printRows(readCustomers)
