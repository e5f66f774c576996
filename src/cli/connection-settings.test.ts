/** That settings win over one another in the order that is written down, and say where they are. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openClient } from './connection.ts'
import { connectionSettings, type GivenSettings, settingsFrom } from './connection-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-settings-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const profiles = file(
  'profiles.properties',
  `# mine
[local]
bootstrap.servers = 127.0.0.1:19092

[staging]
bootstrap.servers=staging:9093
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=x required username="alice" \\
  password="the secret";
client.id=from-profile
`,
)
const nothing: GivenSettings = { brokers: null, file: null, profile: null }

test('without any settings there is one address', () => {
  const { brokers, properties } = settingsFrom(nothing, {})
  assert.deepEqual([brokers, properties.size], ['127.0.0.1:9092', 0])
})

test('flags win over the file, it over the profile, that over the environment', () => {
  const ofEnvironment = file('environment.properties', 'client.id=a\nretry.backoff.ms=7\n')
  const environment = {
    MILLRACE_COMMAND_CONFIG: ofEnvironment,
    MILLRACE_BOOTSTRAP_SERVERS: 'environment:1',
    MILLRACE_PROFILES: profiles,
  }
  const first = settingsFrom(nothing, environment)
  assert.deepEqual([first.brokers, first.properties.get('client.id')], ['environment:1', 'a'])
  const second = settingsFrom({ ...nothing, profile: 'staging' }, environment)
  assert.deepEqual(
    ['client.id', 'retry.backoff.ms'].map((name) => second.properties.get(name)),
    ['from-profile', '7'],
  )
  assert.equal(second.brokers, 'staging:9093')
  const config = file('command.properties', '\nbootstrap.servers=file:3\nclient.id=f\n')
  const third = settingsFrom({ ...nothing, profile: 'staging', file: config }, environment)
  assert.deepEqual([third.brokers, third.properties.get('client.id')], ['file:3', 'f'])
  assert.equal(third.properties.get('security.protocol'), 'SASL_SSL')
  assert.equal(third.origins?.get('bootstrap.servers'), `${config}:2`)
  const fourth = settingsFrom({ brokers: 'flag:4', file: config, profile: null }, environment)
  assert.equal(fourth.brokers, 'flag:4')
})

test('MILLRACE_PROFILE names a profile where --profile names none', () => {
  const environment = { MILLRACE_PROFILES: profiles, MILLRACE_PROFILE: 'local' }
  assert.equal(settingsFrom(nothing, environment).brokers, '127.0.0.1:19092')
  const other = settingsFrom({ ...nothing, profile: 'staging' }, environment)
  assert.equal(other.brokers, 'staging:9093')
})

test("under Kafka's name there are no profiles", () => {
  const text = (name: string) => (name === 'profile' ? 'local' : null)
  assert.throws(() => connectionSettings({ text }, { isAlias: true, environment: {} }), {
    message: 'profile is not a recognized option',
  })
})

test('what is wrong is said with its file and line, and no password', () => {
  const at = (profile: string) =>
    settingsFrom({ ...nothing, profile }, { MILLRACE_PROFILES: profiles })
  assert.throws(() => at('stagging'), {
    message: `${profiles}: no profile [stagging]; there are: local, staging; did you mean staging?`,
  })
  const broken = file('broken.properties', '[a]\nsecurity.protocol=TLS\n')
  const settings = settingsFrom({ ...nothing, profile: 'a' }, { MILLRACE_PROFILES: broken })
  assert.throws(() => openClient(settings), {
    message: `${broken}:2: security.protocol=TLS: not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL`,
  })
  const jaas = file(
    'jaas.properties',
    'security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=x required password="hush";',
  )
  assert.throws(
    () => openClient(settingsFrom({ ...nothing, file: jaas }, {})),
    (error: Error) => {
      assert.equal(error.message.includes('hush'), false)
      return error.message.startsWith(`${jaas}:3: sasl.jaas.config: username is missing`)
    },
  )
  const from = settingsFrom(nothing, { MILLRACE_BOOTSTRAP_SERVERS: 'no port' })
  assert.throws(() => openClient(from), {
    message: 'MILLRACE_BOOTSTRAP_SERVERS: brokers: "no port" is not host:port',
  })
})
