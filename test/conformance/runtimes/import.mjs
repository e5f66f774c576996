/** The client by `import`: `import.mjs brokers topic codecs`. */
import * as millrace from 'millrace'
import { Admin } from 'millrace/admin'
import { journey } from './journey.mjs'

const [, , brokers, name, codecs] = process.argv
if (typeof Admin !== 'function') throw new Error('millrace/admin has no Admin')
console.log(`read ${await journey(millrace, brokers, name, codecs.split(','))}`)
