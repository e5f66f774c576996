/**
 * The scripts in the shells themselves, where the machine has them. `millrace` is a stand-in there
 * that prints the flags which it was called with, so that what a broker is asked can be seen.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { TOOLS } from '../tools.ts'
import { completionTool } from './completion.ts'
import { SHELLS, type Shell } from './shell-scripts.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-completion-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(
  join(folder, 'millrace'),
  '#!/bin/sh\nshift 2\nfor word in "$@"; do echo "$word"; done\n',
)
chmodSync(join(folder, 'millrace'), 0o755)

/** How the words that a shell offers behind a line are had from it. */
const ASK: Readonly<Record<Shell, (script: string, line: string) => string[]>> = {
  bash: (script, line) => {
    const words = line.split(' ')
    // Bash takes addresses apart at their colons.
    const broken = words.flatMap((word) => word.split(/([:=])/)).map((word) => `'${word}'`)
    const program = `source ${script}; COMP_LINE='${line}'; COMP_WORDS=(${broken.join(' ')})
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
    return ['bash', '--norc', '-c', program]
  },
  zsh: (script, line) => {
    const words = line.split(' ').map((word) => `'${word}'`)
    // What draws the menus needs the line editor; what it is handed is what is offered. With -o it
    // would offer words only where a dash was typed.
    const program = `compdef() { : }; _files() { print FILES }
      _describe() { [[ $1 != -o ]] && print -l -- \${(P)argv[-1]} }
      compadd() { print -l -- "\${@:#--}" }
      source ${script}; words=(${words.join(' ')}); CURRENT=\${#words}; _millrace`
    return ['zsh', '-fc', program]
  },
  fish: (script, line) => ['fish', '--no-config', '-c', `source ${script}; complete -C '${line}'`],
}

/** The words that a shell offers, without what it says about them. */
async function offering(shell: Shell): Promise<(line: string) => string[]> {
  const { out } = await captured(completionTool(TOOLS), [shell])
  const script = join(folder, `completion.${shell}`)
  writeFileSync(script, out)
  return (line) => {
    const [command, ...args] = ASK[shell](script, line)
    const env = {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env['PATH']}`,
      HOME: folder,
    }
    const { stdout, stderr, status } = spawnSync(command!, args, {
      encoding: 'utf8',
      env,
      cwd: folder,
    })
    assert.equal(status, 0, stderr)
    assert.equal(stderr, '')
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((each) => each.split(/\t|:/)[0]!)
  }
}

for (const shell of SHELLS) {
  const isThere = spawnSync(shell, ['--version']).status === 0
  test(`${shell} offers commands, flags, words and names`, { skip: !isThere }, async () => {
    const offered = await offering(shell)
    const has = (line: string, ...words: string[]) => {
      const got = offered(line)
      for (const word of words) assert.ok(got.includes(word), `${line} → ${word}: ${got.join(' ')}`)
      return got
    }
    has('millrace ', 'topics', 'doctor', 'server', 'plan', 'plan-topic', 'help')
    has('millrace topics --', '--create', '--bootstrap-server', '--watch', '--json')
    has('millrace topics ', 'list', 'create')
    has('millrace topics list --', '--exclude-internal')
    has('millrace storage ', 'format', 'random-uuid')
    has('millrace storage format --', '--cluster-id', '--standalone')
    has('millrace plan ', 'topic', 'session-timeout')
    has('millrace plan topic --', '--rate', '--record-size')
    has('millrace help ', 'topics')
    has('millrace plan session-timeout --protocol ', 'classic', 'consumer')
    const asked = has('millrace topics --bootstrap-server host:9092 --topic ', 'topics')
    assert.ok(asked.includes('--bootstrap-server') && asked.some((word) => word.startsWith('host')))
    assert.ok(!has('millrace doctor --', '--profile').includes('--create'))
  })

  test(`${shell} knows the names of Kafka's scripts`, { skip: !isThere }, async () => {
    const offered = await offering(shell)
    for (const name of ['kafka-topics', 'kafka-topics.sh']) {
      assert.ok(offered(`${name} --`).includes('--replication-factor'), name)
    }
    assert.ok(offered('kafka-topics --topic ').includes('topics'))
  })
}

test('what is no shell is refused; names of a broker that is not there are none', async () => {
  const wrong = await captured(completionTool(TOOLS), ['tcsh'])
  assert.equal(wrong.status, 1)
  assert.match(wrong.err, /^a shell is one of bash, zsh, fish/)
  const none = await captured(completionTool(TOOLS), [
    'names',
    'topics',
    '--bootstrap-server',
    '127.0.0.1:1',
  ])
  assert.deepEqual(none, { status: 0, out: '', err: '' })
  const profiles = join(folder, 'profiles')
  writeFileSync(profiles, '[b]\n[a]\n')
  const environment = { MILLRACE_PROFILES: profiles }
  const named = await captured(completionTool(TOOLS), ['names', 'profiles'], { environment })
  assert.equal(named.out, 'a\nb\n')
})
