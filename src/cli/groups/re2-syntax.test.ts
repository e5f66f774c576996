/** That expressions are accepted and refused as RE2/J 1.8 was seen to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { re2Problem } from './re2-syntax.ts'

test('what RE2 knows is accepted', () => {
  const valid = [
    '',
    'orders.*',
    '^(?:a|b)+?$',
    'a{2,}b{0}c{3,1000}',
    'a{,3}{b',
    '(?i-s:x)(?m)y',
    '(?P<n>a)(?<m>b)',
    '[]a-]',
    '[^]-]',
    '[[:^alpha:]\\d\\p{Greek}\\x41-\\x{5a}]',
    '\\pL\\p{^Han}\\PN',
    '\\Q*(\\E',
    'a*\\Q\\E*',
    '\\07\\12\\é',
    'a|',
    '()*',
  ]
  for (const expression of valid) assert.equal(re2Problem(expression), null, expression)
})

test('what it does not have is refused for its reason', () => {
  const reasons: Readonly<Record<string, readonly string[]>> = {
    'invalid or unsupported Perl syntax': ['(?=a)', '(?!a)', '(?>a)', '(?#c)', '(?i', '(?-)'],
    'invalid named capture': ['(?<=a)', '(?<!a)', '(?P<a-b>c)', '(?P<', '(?P<>a)'],
    'duplicate capture group name': ['(?P<n>a)(?<n>b)'],
    'invalid escape sequence': [
      '(a)\\1',
      '\\q',
      '\\C',
      '\\8',
      '\\x4',
      '\\x{110000}',
      '[\\b]',
      '\\Z',
    ],
    'trailing backslash at end of expression': ['a\\', '[\\'],
    'invalid nested repetition operator': ['a**', 'a++', 'a{2}{3}', 'a*??', '{{2}'],
    'missing argument to repetition operator': ['*', '(*)', 'a|+', '(?i)?', '\\Q\\E*', '{2}'],
    'invalid repeat count': ['a{2,1}', 'a{1001}', 'a{123456789}'],
    'invalid character class range': ['[b-a]', '\\p{Klingon}', '\\p', '[[:foo:]]', '\\p{LC}'],
    'missing closing ]': ['[', '[]', '[^]', '[a-'],
    'missing closing )': ['(', '(?:a', 'a(b|c'],
    'regexp/syntax: internal error': [')', 'a|b)', '(a))('],
  }
  for (const [reason, expressions] of Object.entries(reasons)) {
    for (const expression of expressions) {
      assert.equal(re2Problem(expression), reason, expression)
    }
  }
})
