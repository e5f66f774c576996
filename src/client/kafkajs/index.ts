/**
 * `import { Kafka } from 'millrace/kafkajs'` in the place of `'kafkajs'`: the API of kafkajs 2.2 on
 * this client, for programs that move. There is a default export too, since modules that import
 * kafkajs, which is CommonJS, have its error classes by that only.
 */
export * from './exports.ts'
export * as default from './exports.ts'
