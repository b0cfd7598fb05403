/**
 * The little of SVG that the charts need: elements, the card that they all stand on, its colours in light and in dark, and
 * text that is measured by rule of thumb. A picture says everything itself: GitHub shows it as an image, without our styles.
 */

type Attributes = { readonly [name: string]: string | number | undefined }
/** Markup that is ready to be put into other markup. */
export type Markup = string

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Coordinates to a tenth, so that a picture changes only when something in it moved. */
const attribute = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : escaped(value)

export const element = (name: string, attributes: Attributes, children: readonly Markup[] = []): Markup => {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${attribute(value ?? '')}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

type TextAttributes = { readonly class?: string; readonly anchor?: 'start' | 'middle' | 'end' }

export const text = (
  [x, y]: readonly [number, number],
  said: string,
  { anchor, ...rest }: TextAttributes = {},
): Markup => element('text', { x, y, 'text-anchor': anchor, ...rest }, [escaped(said)])

export const line = (from: readonly [number, number], to: readonly [number, number], style: string): Markup =>
  element('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: style })

/** In pixels at the size of labels; a little more than most fonts take. */
export const widthOf = (said: string): number => said.length * 7.5

/** Cut where it would need more than the room. */
export const shortened = (said: string, room: number): string =>
  widthOf(said) <= room ? said : `${said.slice(0, Math.max(1, Math.floor(room / widthOf('x')) - 1)).trimEnd()}…`

/** Shown at 560, so that a phone of 400 shrinks it by little. */
export const width = 480
const shownWidth = 560
export const padding = 16
export const inner = width - 2 * padding

// Blue and orange are told apart with every common colour blindness, and what matters is written or shaped as well.
const style = `
:root{--surface:#fff;--edge:#d1d9e0;--ink:#1f2328;--quiet:#59636e;--grid:#e4e8ec;--ours:#0a66c2;--theirs:#8b949e;--missed:#b35900}
@media(prefers-color-scheme:dark){:root{--surface:#0d1117;--edge:#3d444d;--ink:#f0f6fc;--quiet:#a2abb5;--grid:#262c36;--ours:#4c9dff;--theirs:#767e88;--missed:#f0a04b}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink);font-variant-numeric:tabular-nums}
.title{font-size:16px;font-weight:650}.strong{font-weight:650}.quiet{fill:var(--quiet)}.missed{fill:var(--missed);font-weight:650}
.card{fill:var(--surface);stroke:var(--edge)}
.ours{fill:var(--ours)}.theirs{fill:var(--theirs)}.control{fill:none;stroke:var(--theirs);stroke-width:1.5;stroke-dasharray:4 2}
.on-top{fill:none;stroke:var(--quiet)}
.grid{stroke:var(--grid)}.axis{stroke:var(--edge)}.goal{stroke:var(--ink);stroke-width:2;stroke-dasharray:3 2}
.halo{stroke:var(--surface);stroke-width:3.5;opacity:.55}.whisker{stroke:var(--ink);stroke-width:1.5}
.range{stroke-width:4;stroke-linecap:round;stroke:var(--grid)}
.path{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}.path.ours,.path.theirs{fill:none}
.path.ours{stroke:var(--ours)}.path.theirs{stroke:var(--theirs)}
.mark{stroke:var(--surface);stroke-width:1.5}.hollow{fill:var(--surface);stroke:var(--ours);stroke-width:2}.hollow.theirs{stroke:var(--theirs)}
.backing{fill:var(--surface)}.reach{stroke:var(--ours);stroke-width:3}.short{stroke:var(--missed)}
.fell{fill:var(--surface);stroke:var(--missed);stroke-width:2.5}
`

export type Card = {
  readonly title: string
  readonly subtitle: string
  /** For those who hear the picture instead of seeing it. */
  readonly description: string
}

/** Where the drawing on a card begins. */
export const top = 62

/** @param bottom where the drawing ends */
export const card = ({ title, subtitle, description }: Card, bottom: number, drawn: readonly Markup[]): Markup => {
  const height = Math.ceil(bottom + padding)
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width: shownWidth,
    height: Math.round((height * shownWidth) / width),
    role: 'img',
    'aria-labelledby': 'title description',
  }
  const parts = [
    element('title', { id: 'title' }, [escaped(title)]),
    element('desc', { id: 'description' }, [escaped(description)]),
    `<style>${style}</style>`,
    element('rect', { class: 'card', x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 }),
    text([padding, 28], title, { class: 'title' }),
    text([padding, 47], subtitle, { class: 'quiet' }),
    ...drawn,
  ]
  return `${element(
    'svg',
    root,
    parts.map((part) => `\n${part}`),
  )}\n`
}
