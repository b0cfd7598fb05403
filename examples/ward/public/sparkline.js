/** A line of recent values as SVG. Colours and sizes are the style sheet's. */
const svg = 'http://www.w3.org/2000/svg'
const width = 100
const height = 30

export const createSparkline = (scale) => {
  const element = document.createElementNS(svg, 'svg')
  element.setAttribute('viewBox', `0 0 ${width} ${height}`)
  element.setAttribute('preserveAspectRatio', 'none')
  element.setAttribute('class', 'spark')
  element.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(svg, 'path')
  element.append(path)
  return {
    element,
    draw(values, points = 45) {
      const recent = values.slice(-points)
      const low = Math.min(scale[0], ...recent)
      const high = Math.max(scale[1], ...recent)
      // A young line is stretched, so that it can be seen; from a dozen readings on it fills the width.
      const step = width / (Math.max(recent.length, 12) - 1)
      const start = width - (recent.length - 1) * step
      const line = recent.map((value, index) => {
        const y = height - ((value - low) / (high - low)) * height
        return `${(start + index * step).toFixed(1)} ${y.toFixed(1)}`
      })
      path.setAttribute('d', line.length > 1 ? `M${line.join('L')}` : '')
    },
  }
}
