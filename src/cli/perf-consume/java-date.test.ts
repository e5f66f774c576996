/** Times as SimpleDateFormat writes them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaDateFormat } from './java-date.ts'

const TIME = new Date(2026, 0, 5, 15, 4, 9, 67).getTime()

test('fields have the width of their letters', () => {
  const expected: Readonly<Record<string, string>> = {
    'yyyy-MM-dd HH:mm:ss:SSS': '2026-01-05 15:04:09:067',
    'yy M d h:m a': '26 1 5 3:4 PM',
    'EEE, EEEE MMM MMMM': 'Mon, Monday Jan January',
    "'at' k ''": "at 15 '",
    "'o''clock' K": "o'clock 3",
    D: '5',
    S: '67',
  }
  for (const [pattern, text] of Object.entries(expected)) {
    assert.equal(javaDateFormat(pattern)(TIME), text, pattern)
  }
})

test('what is no pattern is refused', () => {
  assert.throws(() => javaDateFormat('yyyy j'), { message: "Illegal pattern character 'j'" })
  assert.throws(() => javaDateFormat("yyyy 'T"), { message: 'Unterminated quote' })
})
