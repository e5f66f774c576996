/**
 * What importing does to a program besides: nothing. `quiet.mjs exports` imports each and prints as
 * JSON whatever it touched, and how long the first took in milliseconds.
 */
const [, , list] = process.argv
const touched = []
const isOurs = () => /[\\/]millrace[\\/]dist[\\/]/.test(new Error().stack)
const watch = (what) => {
  if (isOurs()) touched.push(what)
}

const note = (kind) => (target, name) => {
  watch(`${kind} ${String(name)}`)
  return Reflect.get(target, name)
}
process.env = new Proxy(process.env, { get: note('process.env'), has: note('process.env') })
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'Function', 'eval']) {
  globalThis[name] = new Proxy(globalThis[name], {
    apply: (target, self, args) => {
      watch(name)
      return Reflect.apply(target, self, args)
    },
    construct: (target, args) => {
      watch(name)
      return Reflect.construct(target, args)
    },
  })
}
// What the runtime itself does for any program that uses Node's modules.
for (const name of ['net', 'tls', 'zlib', 'module', 'crypto', 'fs', 'dns']) {
  await import(`node:${name}`)
}
const globals = new Set(Reflect.ownKeys(globalThis))
const listeners = () =>
  process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`)
const before = { listeners: listeners().join(), resources: process.getActiveResourcesInfo().length }

const started = performance.now()
let firstMs
for (const name of list.split(',')) {
  await import(name)
  firstMs ??= performance.now() - started
}

for (const name of Reflect.ownKeys(globalThis)) {
  if (!globals.has(name)) touched.push(`globalThis.${String(name)}`)
}
if (listeners().join() !== before.listeners) touched.push(`process.on ${listeners()}`)
const resources = process.getActiveResourcesInfo()
if (resources.length > before.resources) touched.push(`left open: ${resources}`)
console.log(JSON.stringify({ touched, firstMs }))
