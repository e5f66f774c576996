/**
 * Screens of a terminal as one picture that shows them in turn, forever. Text stays text, so that
 * it can be read aloud and searched.
 */

const CELL_WIDTH = 7.3
const LINE_HEIGHT = 15
const TITLE_HEIGHT = 34
const MARGIN = 14
const SECONDS_A_FRAME = 5

/** What is on a screen, and what it shows. */
export interface Frame {
  readonly title: string
  readonly lines: readonly string[]
}

/** The picture as SVG. */
export function svgOf(frames: readonly Frame[], columns: number, rows: number): string {
  const width = Math.round(columns * CELL_WIDTH + 2 * MARGIN)
  const height = rows * LINE_HEIGHT + TITLE_HEIGHT + 2 * MARGIN
  const seconds = frames.length * SECONDS_A_FRAME
  const share = 100 / frames.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(frames.map(({ title }) => title).join(' · '))}</title>`,
    '<style>',
    'text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #d5dae3; white-space: pre }',
    '.title { font-size: 15px; fill: #ffd479 }',
    `g { animation: show ${seconds}s infinite step-end } g + g { visibility: hidden }`,
    `@keyframes show { 0% { visibility: visible } ${share}% { visibility: hidden } }`,
    '</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="#15181e"/>`,
    ...frames.map((frame, at) => group(frame, at, at * SECONDS_A_FRAME - seconds)),
    '</svg>',
    '',
  ].join('\n')
}

function group({ title, lines }: Frame, at: number, delay: number): string {
  const rows = lines.flatMap((line, row) => {
    const y = MARGIN + TITLE_HEIGHT + (row + 1) * LINE_HEIGHT
    // Each run of words at its own place, so that columns stand below each other in any font.
    return [...line.matchAll(/[│├┤]|[^\s│├┤]+(?: [^\s│├┤]+)*/g)].map(({ 0: text, index }) => {
      const x = (MARGIN + index * CELL_WIDTH).toFixed(1)
      const length = (text.length * CELL_WIDTH).toFixed(1)
      return `<text x="${x}" y="${y}" textLength="${length}">${escaped(text)}</text>`
    })
  })
  return [
    `<g style="animation-delay: ${delay}s">`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 16}">${at + 1}. ${escaped(title)}</text>`,
    ...rows,
    '</g>',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
