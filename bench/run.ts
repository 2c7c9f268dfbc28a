import { run as service } from './service.ts'

console.log(await service())
