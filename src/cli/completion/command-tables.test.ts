/** That every command hands over its flags, each once and explained. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOOLS } from '../tools.ts'
import { commandTables } from './command-tables.ts'

test('all commands are there with their flags', async () => {
  const tables = await commandTables(TOOLS)
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['server', 'storage', ...TOOLS.map(({ name }) => name)],
  )
  for (const { name, flags, actions, commands } of tables) {
    for (const of of [{ name, flags }, ...commands]) {
      const names = of.flags.map((flag) => flag.name)
      assert.deepEqual(names, [...new Set(names)], `${name} ${of.name}: each once`)
      for (const flag of of.flags) assert.ok(flag.about.length > 5, `${name} --${flag.name}`)
    }
    for (const action of actions) {
      assert.ok(
        flags.some((flag) => flag.name === action),
        `${name} ${action}`,
      )
    }
    const all = [...flags, ...commands.flatMap((each) => each.flags)]
    assert.ok(all.some((flag) => flag.name === 'help') || name === 'storage', name)
  }
})

test('flags of the node, of joptsimple and of argparse4j', async () => {
  const tables = await commandTables(TOOLS)
  const named = (name: string) => tables.find((each) => each.name === name)!
  const flag = (name: string, of: string) => named(name).flags.find((each) => each.name === of)
  assert.equal(flag('server', 'override')?.value, 'name=value')
  assert.ok(
    named('storage').commands.some(({ name, flags }) => name === 'format' && flags.length > 5),
  )
  assert.ok(flag('topics', 'under-replicated-partitions'))
  assert.ok(flag('topics', 'watch'), 'where it may be watched')
  assert.equal(flag('doctor', 'command-config')?.value, 'file')
})
