/** Every source file begins by saying what it is; every page has one title. */
import type { Check } from './source-file.ts'

export const checkHeads: Check = (files) =>
  files
    .filter(({ path }) => /\.(ts|js)$/.test(path))
    .filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
    .map(({ path }) => `${path}: begin with a comment that says what it is`)

export const checkTitles: Check = (files) =>
  files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      const titles = withoutCode(text).match(/^# .+$/gm) ?? []
      return titles.length === 1 ? [] : [`${path}: ${titles.length} titles (#), not one`]
    })

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, '')
}
