/** The expected texts are what Java 17 makes of the same bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaText } from './java-text.ts'

test('what is not UTF-8 is replaced as in Java', () => {
  const cases: Readonly<Record<string, string>> = {
    '': '',
    '61c3a4f09f9880': 'aä😀',
    ff61: '\ufffda',
    c080: '\ufffd\ufffd',
    e28261: '\ufffda',
    e282: '\ufffd',
    f0908061: '\ufffda',
    eda080: '\ufffd',
    '61eda0bdedb88062': 'a\ufffd\ufffdb',
    eda061: '\ufffda',
    eda0: '\ufffd',
    ed: '\ufffd',
    ed9fbf: '\ud7ff',
    f4908080: '\ufffd\ufffd\ufffd\ufffd',
    f8: '\ufffd',
  }
  for (const [hex, text] of Object.entries(cases)) {
    assert.equal(javaText(Buffer.from(hex, 'hex')), text, hex)
  }
  assert.equal(javaText(Buffer.from('abcd'), 1, 3), 'bc')
})
