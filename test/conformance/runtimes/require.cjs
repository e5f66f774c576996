/** The client by `require`: `require.cjs brokers topic codecs`. */
const millrace = require('millrace')
const { Admin } = require('millrace/admin')
const { journey } = require('./journey.mjs')

const [, , brokers, name, codecs] = process.argv
if (typeof Admin !== 'function') throw new Error('millrace/admin has no Admin')
journey(millrace, brokers, name, codecs.split(',')).then((count) => console.log(`read ${count}`))
