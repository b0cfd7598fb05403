/** The metrics of a node of ours, as it serves them: values by name, without those that have labels. */
export const metricsOf = async (port: number): Promise<{ readonly [name: string]: number }> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { Connection: 'close' } })).text()
  const lines = text.split('\n').flatMap((line) => {
    const [, name, value] = /^([a-z_]+) (\S+)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, Number(value)] as const]
  })
  return Object.fromEntries(lines)
}
