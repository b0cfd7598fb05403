/** Whether what a page says can be read. */
import type { Page } from 'playwright-core'

/** Texts whose WCAG 2 contrast against the ground behind them is below 4.5, with the ratio; empty where all can be read. */
export const faintTexts = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
    const rgb = (color: string) => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = color
      canvas.fillRect(0, 0, 1, 1)
      return [...canvas.getImageData(0, 0, 1, 1).data]
    }
    const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
      const [red = 0, green = 0, blue = 0] = [r, g, b].map((part) => {
        const share = part / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const groundsOf = (element: Element | null): number[][] => {
      if (element === null) return [[255, 255, 255, 255]]
      const style = getComputedStyle(element)
      const stops = style.backgroundImage.match(/rgba?\([^)]*\)/g)
      if (stops) return stops.map(rgb)
      const color = rgb(style.backgroundColor)
      return color[3] === 255 ? [color] : groundsOf(element.parentElement)
    }
    const faint: string[] = []
    for (const element of document.querySelectorAll('body *')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? '').trim() !== '')
      if (!own || !(element as HTMLElement).checkVisibility() || element.closest('.unseen, .skip, noscript')) continue
      const text = luminance(rgb(getComputedStyle(element).color))
      for (const ground of groundsOf(element).map(luminance)) {
        const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
        if (ratio < 4.5)
          faint.push(`${ratio.toFixed(2)} ${element.className || element.tagName}: ${element.textContent}`)
      }
    }
    return faint
  })
