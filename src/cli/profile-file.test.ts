/** Where the file of profiles is on each system, and what is refused in it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProfiles, profilesPath } from './profile-file.ts'

const parse = (text: string) => parseProfiles('/p', new TextEncoder().encode(text))

test('the file is where a program keeps its settings', () => {
  const at = (environment: Record<string, string>, platform = 'linux') =>
    profilesPath(environment, platform)?.replaceAll('\\', '/')
  const [home, end] = ['/home/a', 'millrace/profiles.properties']
  assert.equal(at({ HOME: home }), `/home/a/.config/${end}`)
  assert.equal(at({ HOME: home, XDG_CONFIG_HOME: '/x' }), `/x/${end}`)
  assert.equal(at({ HOME: home, XDG_CONFIG_HOME: 'relative' }), `/home/a/.config/${end}`)
  assert.equal(at({ APPDATA: '/a/Roaming', HOME: home }, 'win32'), `/a/Roaming/${end}`)
  assert.equal(at({ HOME: home, MILLRACE_PROFILES: '/mine' }), '/mine')
  assert.equal(at({}), undefined)
})

test('sections hold properties as files of Java do', () => {
  const profiles = parse('! c\n[a]\nx = 1\\\n 2\n\n[b] \ny:3\n')
  assert.deepEqual([...profiles.keys()], ['a', 'b'])
  const x = profiles.get('a')?.get('x')
  assert.deepEqual([x?.value, x?.line], ['12', 3])
  assert.equal(profiles.get('b')?.get('y')?.value, '3')
})

test('what has no place is refused with its line, without its value', () => {
  assert.throws(() => parse('password=x\n[a]'), {
    message: '/p:1: password stands above the first [name] of a profile',
  })
  assert.throws(() => parse('[a]\n[b\n'), { message: '/p:2: [b: a profile is [name]' })
  assert.throws(() => parse('[a]\n[a]\n'), { message: '/p:2: [a] is there twice' })
})
